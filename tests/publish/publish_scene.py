"""What the publish tests share: people and falls to publish, and a real broker on a free loopback port."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from real_broker import Mosquitto, broker_program, free_port, wait_for

from edgepose.types import Event, FrameResult, Pose, Track

__all__ = ["Mosquitto", "broker_program", "fall", "free_port", "full_disk", "person", "result", "wait_for"]

SIZE_WH = (640, 480)


def person(track_id: int = 1, x: float = 100.0, missing_s: float = 0.0, t: float = 0.0) -> Track:
    """A person whose 18 keypoints lie on a vertical line at `x`; the left ear is absent."""
    keypoints = np.column_stack([np.full(18, x), np.linspace(50, 400, 18), np.full(18, 0.9)]).astype(np.float32)
    keypoints[17] = np.nan, np.nan, 0
    return Track(track_id, Pose(keypoints, 0.8), t, age_s=1.0, missing_s=missing_s)


def result(
    *tracks: Track, events: tuple[Event, ...] = (), source: str = "hall", seq: int = 0, t: float | None = None
) -> FrameResult:
    """One frame with these people and events, captured now unless `t` says otherwise."""
    picture = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    moment = time.monotonic() if t is None else t
    return FrameResult(source, seq, moment, SIZE_WH, tracks, events, image=picture)


def fall(stage: str, episode: int = 1, track_id: int = 1, **evidence: object) -> Event:
    """One stage of a fall."""
    t = time.monotonic()
    return Event("fall", stage, t, track_id, 0.9, started_t=t - 1, episode=episode, evidence=evidence)


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
