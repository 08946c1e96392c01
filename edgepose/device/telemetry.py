"""How the board is doing: GPU load, temperatures, power, memory, throttling; part of `stats`.

jetson-stats is asked where it is installed and its service runs (it is AGPL-3.0, and therefore optional); otherwise
the kernel's own files are read, which needs no package and no service. What a machine does not tell is None.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from edgepose.options import Options

_log = logging.getLogger(__name__)


class Readings(Options, frozen=True):
    """One look at the board. gpu_load: 0 to 1. temperatures_c: degrees Celsius by sensor. power_w: of the whole board.

    throttled: whether heat or current held clocks back since the last look.
    """

    gpu_load: float | None = None
    temperatures_c: Mapping[str, float] = msgspec.field(default_factory=dict)
    power_w: float | None = None
    ram_used_mb: float | None = None
    ram_total_mb: float | None = None
    throttled: bool | None = None


def open_telemetry(root: Path = Path("/")) -> JtopTelemetry | SysfsTelemetry:
    """A reader of the board: jetson-stats where it works, else the kernel's files below `root`.

    Its `read` costs a few milliseconds and never raises: it is called between frames.
    """
    try:
        return JtopTelemetry(root)
    except ImportError:
        pass
    except Exception as error:  # JtopException has no base class of its own
        _log.info("jetson-stats is installed and does not answer (%s): reading the kernel's files instead", error)
    return SysfsTelemetry(root)


class SysfsTelemetry:
    """The kernel's files: NVIDIA's GPU load and power monitors on a Jetson, thermal zones and memory on any Linux."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._overcurrent = self._overcurrent_events()

    def read(self) -> Readings:
        """One look at the board."""
        used, total = self._memory()
        return Readings(
            gpu_load=self._gpu_load(),
            temperatures_c=self._temperatures(),
            power_w=self._power(),
            ram_used_mb=used,
            ram_total_mb=total,
            throttled=self._throttled(),
        )

    def close(self) -> None:
        """Let the service go; closing twice is fine."""

    def _gpu_load(self) -> float | None:
        """Jetson's GPU driver gives per mille; the file's place depends on the module."""
        patterns = ("sys/devices/platform/*gpu*/load", "sys/devices/gpu.0/load", "sys/class/devfreq/*gpu*/device/load")
        for pattern in patterns:
            for path in sorted(self._root.glob(pattern)):
                value = _number(path)
                if value is not None:
                    return min(1.0, value / 1000.0)
        return None

    def _temperatures(self) -> dict[str, float]:
        found = {}
        for zone in sorted(self._root.glob("sys/class/thermal/thermal_zone*")):
            value = _number(zone / "temp")  # a sensor that is switched off cannot be read
            if value is not None:
                name = _text(zone / "type").removesuffix("-thermal").removesuffix("-therm") or zone.name
                found[name.lower()] = value / 1000.0
        return found

    def _power(self) -> float | None:
        """INA3221 monitors: volts times amperes of each rail; VDD_IN is the whole board where it is measured."""
        rails = {}
        for label in self._root.glob("sys/bus/i2c/drivers/ina3221/*/hwmon/hwmon*/in*_label"):
            number = label.name[2 : -len("_label")]
            millivolts = _number(label.with_name(f"in{number}_input"))
            milliamperes = _number(label.with_name(f"curr{number}_input"))
            if millivolts is not None and milliamperes is not None:
                rails[_text(label)] = millivolts * milliamperes / 1e6
        if not rails:
            return None
        return rails["VDD_IN"] if "VDD_IN" in rails else sum(rails.values())

    def _memory(self) -> tuple[float | None, float | None]:
        words = [line.split() for line in _text(self._root / "proc/meminfo").splitlines()]
        kilobytes = {line[0]: float(line[1]) for line in words if len(line) > 1 and line[1].isdigit()}
        total, free = kilobytes.get("MemTotal:"), kilobytes.get("MemAvailable:")
        if total is None or free is None:
            return None, None
        return (total - free) / 1024.0, total / 1024.0

    def _throttled(self) -> bool | None:
        devices = [
            device
            for device in self._root.glob("sys/class/thermal/cooling_device*")
            if _text(device / "type").endswith("throttle-alert")
        ]
        before, self._overcurrent = self._overcurrent, self._overcurrent_events()
        if not devices and self._overcurrent is None:
            return None
        hot = any((_number(device / "cur_state") or 0) > 0 for device in devices)
        return hot or (self._overcurrent or 0) > (before or 0)

    def _overcurrent_events(self) -> float | None:
        counts = [_number(path) for path in self._root.glob("sys/class/hwmon/hwmon*/oc*_event_cnt")]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None


class JtopTelemetry:
    """jetson-stats through its client. ImportError where it is not installed, its own error where nothing answers.

    Its client belongs to a service that may stop, be updated, or answer in another form at any time: from then on the
    kernel's files below `root` are read.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        from jtop import jtop

        self._root = root
        self._instead: SysfsTelemetry | None = None
        self._client: Any = jtop()
        self._client.start()

    def read(self) -> Readings:
        """One look at the board."""
        if self._instead is None and self._client is not None:
            try:
                return self._ask()
            except Exception as error:  # of whatever kind: the board's figures must not end the run
                _log.warning("jetson-stats broke off (%s): reading the kernel's files from now on", error)
                self.close()
                self._instead = SysfsTelemetry(self._root)
        return Readings() if self._instead is None else self._instead.read()

    def _ask(self) -> Readings:
        client = self._client
        if not client.ok(spin=True):
            return Readings()
        gpu: Mapping[str, Any] = next(iter(dict(client.gpu).values()), {})
        memory = dict(client.memory).get("RAM", {})
        power = dict(client.power).get("tot", {}).get("power")
        load = gpu.get("status", {}).get("load")
        return Readings(
            gpu_load=None if load is None else load / 100.0,
            temperatures_c={
                name.lower(): float(sensor["temp"])
                for name, sensor in dict(client.temperature).items()
                if sensor.get("online", True)
            },
            power_w=None if power is None else power / 1000.0,
            ram_used_mb=None if "used" not in memory else memory["used"] / 1024.0,
            ram_total_mb=None if "tot" not in memory else memory["tot"] / 1024.0,
        )

    def close(self) -> None:
        """Let the service go; closing twice is fine."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # the service may be gone
                client.close()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _number(path: Path) -> float | None:
    try:
        return float(_text(path))
    except ValueError:
        return None
