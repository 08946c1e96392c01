"""Counts and latencies of a run: what `Pipeline.report` and the stats messages are made of. Used by one thread."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from edgepose.types import FrameResult

WINDOW = 4096
"""Latencies remembered per stage; percentiles speak of the latest so many."""


class Meter:
    """Sums up frame results."""

    def __init__(self) -> None:
        self.frames = 0
        self.dropped = 0
        self.people_frames = 0
        self.events: Counter[str] = Counter()
        self._first_s: float | None = None
        self._last_s = 0.0
        self._latency_ms: dict[str, deque[float]] = {}

    def add(self, result: FrameResult) -> None:
        """Count one result; its timings become latencies of their stages."""
        self._last_s = time.perf_counter()
        if self._first_s is None:
            self._first_s = self._last_s
        self.frames += 1
        self.dropped += result.dropped
        self.people_frames += any(track.missing_s == 0 for track in result.tracks)
        for event in result.events:
            self.events[f"{event.kind}.{event.stage}"] += 1
        for stage, ms in result.timings_ms.items():
            self.time(stage, ms)

    def time(self, stage: str, ms: float) -> None:
        """Remember one latency of a stage."""
        window = self._latency_ms.get(stage)
        if window is None:
            window = self._latency_ms[stage] = deque(maxlen=WINDOW)
        window.append(ms)

    @property
    def fps(self) -> float:
        """Results per second between the first and the last one; 0 before the second."""
        span_s = 0.0 if self._first_s is None else self._last_s - self._first_s
        return (self.frames - 1) / span_s if span_s > 0 else 0.0

    def report(self) -> dict[str, Any]:
        """frames, dropped, people_frames, fps, latency_ms {stage: {p50, p99}} and events {kind.stage: count}."""
        return {
            "frames": self.frames,
            "dropped": self.dropped,
            "people_frames": self.people_frames,
            "fps": round(self.fps, 2),
            "latency_ms": {stage: percentiles(window) for stage, window in self._latency_ms.items()},
            "events": dict(self.events),
        }


def percentiles(values: Iterable[float]) -> Mapping[str, float]:
    """p50 and p99 (nearest rank), rounded to a microsecond when the values are milliseconds."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {f"p{p}": round(ordered[round(last * p / 100)], 3) for p in (50, 99)}
