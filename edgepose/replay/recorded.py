"""What a recording is: one run of one camera, frame by frame, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from edgepose.types import Pose, Track


@dataclass(frozen=True)
class RecordedFrame:
    """People of one frame: tracks with the ids they had, or plain poses.

    number: 0-based frame of its source. size_wh: of its picture, where that is not the recording's.
    """

    number: int
    t: float
    people: Sequence[Track] | Sequence[Pose]
    size_wh: tuple[int, int] | None = None


class Frames(Protocol):
    """Frames that can be gone through again and again; those of a file are read from it each time."""

    def __iter__(self) -> Iterator[RecordedFrame]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Recording:
    """One run of one camera: its people over time.

    name: file it comes from, with camera and run where the file holds several. camera: its name, as zones know it.
    size_wh: width and height of the first picture in pixels. tracked: whether `people` are tracks already.
    """

    name: str
    camera: str
    size_wh: tuple[int, int]
    tracked: bool
    frames: Frames

    @property
    def last_s(self) -> float:
        """Second of the last frame; 0 without one."""
        return max((frame.t for frame in self.frames), default=0.0)

    def every(self, step: int) -> Recording:
        """The same at a lower frame rate: every `step`-th frame. Tracks stay what they were at the full rate."""
        return replace(self, frames=_EveryNth(self.frames, step))


class _EveryNth:
    def __init__(self, frames: Frames, step: int) -> None:
        self._frames = frames
        self._step = step

    def __iter__(self) -> Iterator[RecordedFrame]:
        return islice(self._frames, 0, None, self._step)

    def __len__(self) -> int:
        return -(-len(self._frames) // self._step)
