"""The figures of a run in Prometheus' text format (exposition format 0.0.4), counters summed up from `stats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edgepose.health import Reason

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STATES = ("online", "stalled", "reconnecting", "offline", "paused")

_MIB = 1 << 20

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Figures:
    """Everything a scrape answers with. Written by one thread; `text` may be called by any."""

    def __init__(self) -> None:
        self.card: Mapping[str, Any] = {}
        self.states: dict[str, str] = {}
        self.troubles: Sequence[Reason] = ()
        self.report_s: float | None = None  # epoch second of the newest `stats`
        self._values: Mapping[str, Any] = {}
        self._counts: Counter[str] = Counter()
        self._events: Counter[str] = Counter()

    def add(self, values: Mapping[str, Any], wall_s: float) -> None:
        """Take the numbers of one interval, as `Publisher.stats` gives them."""
        for name in ("frames", "dropped", "people_frames"):
            self._counts[name] += values.get(name, 0)
        self._events.update(values.get("events", {}))
        self._values = dict(values)
        self.report_s = wall_s

    def text(self) -> str:
        """The metrics, each with its help and type; what a board does not tell is left out."""
        out = _Text()
        values, counts = self._values, self._counts
        model = self.card.get("model", {})
        versions = self.card.get("versions", {})
        build = {name: str(model.get(name, "")) for name in ("backend", "precision", "device")}
        out.add("build_info", "gauge", "What runs.", [({"version": str(versions.get("edgepose", "")), **build}, 1)])
        out.one("last_report_timestamp_seconds", "gauge", "Time of the newest figures, epoch.", self.report_s)
        out.one("frames_total", "counter", "Frames judged.", counts["frames"])
        out.one(
            "frames_dropped_total", "counter", "Frames let go by cameras faster than the network.", counts["dropped"]
        )
        out.one("people_frames_total", "counter", "Frames with somebody in them.", counts["people_frames"])
        out.one("frames_per_second", "gauge", "Frames judged per second, last interval.", values.get("fps"))
        quantiles = [
            ({"stage": stage, "quantile": f"{int(name[1:]) / 100:g}"}, ms / 1000)
            for stage, found in values.get("latency_ms", {}).items()
            for name, ms in found.items()
        ]
        out.add("stage_latency_seconds", "gauge", "Time in a stage, last interval.", quantiles)
        events = [(dict(zip(("kind", "stage"), key.split(".", 1), strict=False)), n) for key, n in self._events.items()]
        out.add("events_total", "counter", "Events by kind and stage.", events)
        links = self.states.copy()
        rows = [({"camera": camera, "state": one}, int(one == now)) for camera, now in links.items() for one in _STATES]
        out.add("camera_state", "gauge", "1 for the state a camera's link is in.", rows)
        reconnects = [({"camera": name}, n) for name, n in values.get("reconnects", {}).items()]
        out.add("camera_reconnects_total", "counter", "Times a camera's link came back.", reconnects)
        watched = values.get("watched", {})
        out.add(
            "camera_watched_seconds_total",
            "counter",
            "Seconds with judged frames; begins anew at midnight.",
            [({"camera": name}, day["watched_s"]) for name, day in watched.items()],
        )
        out.add(
            "camera_unwatched_seconds_total",
            "counter",
            "Seconds without judged frames, by reason; begins anew at midnight.",
            [({"camera": c, "reason": why}, n) for c, day in watched.items() for why, n in day["unwatched_s"].items()],
        )
        troubles = [({"code": one.code, "camera": one.camera or ""}, 1) for one in self.troubles]
        out.add("trouble", "gauge", "1 for each thing that is wrong now.", troubles)
        out.one("alerts_waiting", "gauge", "Alerts that nobody has taken yet.", values.get("spool_depth"))
        self._board(out)
        return out.text()

    def _board(self, out: _Text) -> None:
        values = self._values
        temperatures = [({"sensor": name}, one) for name, one in values.get("temperatures_c", {}).items()]
        out.add("temperature_celsius", "gauge", "The board's temperatures.", temperatures)
        out.one("power_watts", "gauge", "Power of the board.", values.get("power_w"))
        out.one("gpu_load_ratio", "gauge", "Load of the GPU, 0 to 1.", values.get("gpu_load"))
        used_mb, total_mb = values.get("ram_used_mb"), values.get("ram_total_mb")
        out.one("memory_used_bytes", "gauge", "Memory in use.", None if used_mb is None else used_mb * _MIB)
        out.one("memory_size_bytes", "gauge", "Memory of the board.", None if total_mb is None else total_mb * _MIB)
        throttled = values.get("throttled")
        out.one("throttled", "gauge", "1 while clocks are held back.", None if throttled is None else int(throttled))


class _Text:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def one(self, name: str, kind: str, about: str, value: float | None) -> None:
        self.add(name, kind, about, [({}, value)])

    def add(self, name: str, kind: str, about: str, rows: Sequence[tuple[Mapping[str, str], float | None]]) -> None:
        given = [(labels, value) for labels, value in rows if value is not None]
        if given:
            self._lines += [f"# HELP edgepose_{name} {about}", f"# TYPE edgepose_{name} {kind}"]
        for labels, value in given:
            inside = ",".join(f'{key}="{one.translate(_ESCAPES)}"' for key, one in labels.items())
            self._lines.append(f"edgepose_{name}{f'{{{inside}}}' if inside else ''} {value!r}")

    def text(self) -> str:
        return "\n".join([*self._lines, ""])
