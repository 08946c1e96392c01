"""How long each camera was truly watched today: silence is not safety.

A second counts as watched when a frame of it was judged, whatever the camera's link says. Every other second has a
reason: the state of the link, `no_frames` where that is online, `not_judged` where this thread itself stood still.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

WATCHED = "watched"


class Watched:
    """Used by the group thread; any thread may call `report`. cameras: names of the live sources.

    Counts begin anew with the local day; since: epoch second at which these began, the service's start or midnight.
    """

    def __init__(self, cameras: Iterable[str], now_s: float, wall_s: float) -> None:
        self._cameras = tuple(sorted(cameras))
        self._seen: set[str] = set()
        self._last_s: dict[str, float] = {}
        self._second = int(now_s)
        self._begin(wall_s)

    def _begin(self, wall_s: float) -> None:
        self.since = wall_s
        self.day = time.strftime("%Y-%m-%d", time.localtime(wall_s))
        self._seconds: dict[str, Counter[str]] = {name: Counter() for name in self._cameras}

    def saw(self, camera: str, now_s: float) -> None:
        """A frame was judged at monotonic second `now_s`."""
        self._seen.add(camera)
        self._last_s[camera] = now_s

    def tick(self, now_s: float, states: Mapping[str, str]) -> None:
        """Count what has passed, with the state of each camera's link; called several times a second."""
        passed = int(now_s) - self._second
        if passed <= 0:
            return
        self._second += passed
        if time.strftime("%Y-%m-%d") != self.day:
            self._begin(time.time())
        for name, seconds in self._seconds.items():
            link = states.get(name, "starting")
            seconds[WATCHED if name in self._seen else "no_frames" if link == "online" else link] += 1
            if passed > 1:
                seconds["not_judged"] += passed - 1
        self._seen.clear()

    def report(self) -> dict[str, Any]:
        """By camera: day (local), watched_s, and unwatched_s by reason, all whole seconds."""
        found = {}
        for name, counted in self._seconds.items():
            seconds = dict(counted)
            watched_s = seconds.pop(WATCHED, 0)
            found[name] = {"day": self.day, "watched_s": watched_s, "unwatched_s": seconds}
        return found

    def idle_s(self, camera: str, now_s: float) -> float | None:
        """Seconds since a frame of a camera was judged, None before the first."""
        last_s = self._last_s.get(camera)
        return None if last_s is None else max(0.0, now_s - last_s)
