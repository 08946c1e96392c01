"""What a rule recognises, and what it may wish for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something a rule recognised.

    kind: fall, posture, gesture or activity (a user's own rule may name its own).
    stage: for a fall suspected, confirmed, long_lie, found_down, recovered, cleared or unknown; else the class name.
    t: monotonic second the event is about; started_t: second at which it began.
    track_id: the person, or None when it concerns the scene.
    score: 0 to 1.
    episode: id that all stages of one fall share, a UUIDv7; recordings of the first version have numbers.
    evidence: named numbers and words that say why, fit for JSON.

    >>> import edgepose
    >>> event = edgepose.Event("fall", "confirmed", t=12.5, track_id=3, score=0.9, evidence={"drop": 0.7})
    >>> event.kind, event.stage, event.evidence["drop"]
    ('fall', 'confirmed', 0.7)
    """

    kind: str
    stage: str
    t: float
    track_id: int | None = None
    score: float = 1.0
    started_t: float | None = None
    episode: str | int | None = None
    zone: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class LookAgain:
    """A rule's wish for a second look by the same network on part of the last frame.

    crop_xyxy: region in source pixels. rotation_deg: counter-clockwise turn applied to the region, a multiple of 90.
    track_id: the person the rule looks for. Before the source's next frame is judged, the poses found there, in
    source pixels, are handed back through `Rule.second_look`, or the look is refused through `Rule.look_refused`.

    >>> import edgepose
    >>> edgepose.LookAgain((40.0, 80.0, 240.0, 280.0), rotation_deg=90, track_id=3).rotation_deg
    90
    """

    crop_xyxy: tuple[float, float, float, float]
    rotation_deg: int
    track_id: int | None = None
