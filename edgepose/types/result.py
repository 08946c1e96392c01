"""All that is known about one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgepose.types.event import Event
from edgepose.types.person import Track
from edgepose.types.picture import Image


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """All that is known about one frame.

    size_wh: pixels of the source image. image: the picture itself while it is kept in memory, else None.
    timings_ms: milliseconds per stage (capture, preprocess, infer, group, track, rules).
    dropped: frames that the source let go since the last result.
    """

    source: str
    seq: int
    t: float
    size_wh: tuple[int, int]
    tracks: tuple[Track, ...] = ()
    events: tuple[Event, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    dropped: int = 0
    image: Image | None = None
