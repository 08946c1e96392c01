"""The half minute before and after a fall, as skeletons: numbers, held in memory until there is an incident.

A card is not worn by it: nothing is written while nothing happens. What was before is written when an incident begins,
and once more, with what came after, half a minute later or when the run ends.
"""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edgepose.alerts.message import Alert
from edgepose.types import FrameResult
from edgepose.types.result import encode

BEFORE_S = AFTER_S = 30.0
EVERY_S = 0.1
"""Ten frames a second are enough to see a fall again, and to judge it again."""

_EARLY_S = 0.005
"""Frames are not on the dot: one that comes so much before its time is taken."""

_MOST_OPEN = 8
"""Incidents of one camera that are followed at once; they hold the same people."""

Keep = Callable[[str, Callable[[], bytes]], None]
"""Keeps the skeletons of an incident, by its id, made when they are written: gzip of lines of the recording format."""


class Trails:
    """The last half minute of every camera with somebody in it. Used by one thread; what it hands out, by another."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._recent: dict[str, deque[FrameResult]] = {}
        self._due_t: dict[str, float] = {}  # when the next frame is to be kept
        self._open: dict[str, list[_Trail]] = {}

    def add(self, result: FrameResult) -> None:
        """Take in one frame; frames without people cost nothing."""
        trails = self._open.get(result.source)
        if not result.tracks and not trails:
            return
        recent = self._recent.setdefault(result.source, deque())
        if recent and result.t < recent[-1].t:  # a file that begins again
            recent.clear()
            self._due_t.pop(result.source)
        due_t = self._due_t.get(result.source, result.t)
        if recent and result.t < due_t - _EARLY_S:
            return
        self._due_t[result.source] = max(due_t + EVERY_S, result.t)  # on average, whatever the frame rate
        while recent and result.t - recent[0].t > BEFORE_S:
            recent.popleft()
        bare = replace(result, image=None)
        recent.append(bare)
        for trail in list(trails or ()):
            trail.after.append(encode(bare))
            if not 0 <= result.t - trail.began_t <= AFTER_S:
                trails.remove(trail)  # type: ignore[union-attr]
                self._keep(trail.incident, trail.packed)

    def begin(self, alert: Alert, source: str, t: float) -> None:
        """An incident began at second `t` of a source."""
        trails = self._open.setdefault(source, [])
        if alert.type == "new" and len(trails) < _MOST_OPEN:
            trail = _Trail(alert.id, t, list(self._recent.get(source, ())))
            trails.append(trail)
            self._keep(trail.incident, trail.packed)

    def close(self) -> None:
        """The run ends: what is followed ends here."""
        for trails in self._open.values():
            for trail in trails:
                self._keep(trail.incident, trail.packed)
        self._open.clear()


class _Trail:
    def __init__(self, incident: str, began_t: float, before: list[FrameResult]) -> None:
        self.incident = incident
        self.began_t = began_t
        self.after: list[bytes] = []
        self._encode = partial(map, encode, before)
        self._before: list[bytes] | None = None

    def packed(self) -> bytes:
        if self._before is None:
            self._before = list(self._encode())
        return gzip.compress(b"".join(line + b"\n" for line in [*self._before, *list(self.after)]), 6)
