"""Recordings in JSON lines: which cameras and runs a file holds, and their frames, read when they are wanted.

A file of a week has gigabytes, so that it is gone through once for where each run of each camera lies, and then again
for what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from edgepose.errors import DataError
from edgepose.publish.record import Line, lines_of
from edgepose.replay.recorded import RecordedFrame, Recording
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import FrameResult
from edgepose.types.record import Second, Side
from edgepose.types.result import decode


class Head(msgspec.Struct, frozen=True):
    """What tells camera and run of a line; the rest of it is passed over."""

    schema: Literal["edgepose.frame/1"]
    source: str
    seq: int
    t: Second
    size_wh: tuple[Side, Side]


_HEADS = msgspec.json.Decoder(Head)


@dataclass
class Run:
    """Where the frames of one run of one camera lie. number: 1-based; begin, end: bytes of the file; n: its frames."""

    number: int
    first: Head
    last: Head
    first_line: int
    begin: int
    end: int
    n: int = 0


class RunFrames:
    """Frames of one run of one camera, read from the file whenever they are gone through."""

    def __init__(self, path: Path, run: Run) -> None:
        self._path = path
        self._run = run

    def __len__(self) -> int:
        return self._run.n

    def __iter__(self) -> Iterator[RecordedFrame]:
        run = self._run
        for line in lines_of(self._path, run.begin, run.end, run.first_line):
            head = line.read(_HEADS.decode)
            if head is not None and head.source == run.first.source:
                result = line.read(decode)
                if result is not None:
                    yield RecordedFrame(result.seq, result.t, _checked(result, line).tracks, result.size_wh)


def load_lines(path: Path) -> list[Recording]:
    """One recording per camera and run: where number or second of a camera's frames step back, it was started anew."""
    runs = _runs(path)
    if not runs:
        raise DataError(f"recording {str(path)!r} holds no frames")
    cameras = {run.first.source for run in runs}
    most = max(run.number for run in runs)
    recordings = []
    for run in runs:
        camera = run.first.source
        name = str(path) if len(cameras) == 1 else f"{path} [{camera}]"
        name += f" run {run.number}" if most > 1 else ""
        recordings.append(Recording(name, camera, run.first.size_wh, True, RunFrames(path, run)))
    return recordings


def _runs(path: Path) -> list[Run]:
    runs: list[Run] = []
    current: dict[str, Run] = {}
    for line in lines_of(path):
        head = line.read(_HEADS.decode)
        if head is None:
            continue
        run = current.get(head.source)
        if run is None or head.seq <= run.last.seq or head.t < run.last.t:
            run = current[head.source] = Run(run.number + 1 if run else 1, head, head, line.number, line.begin, 0)
            runs.append(run)
        run.last, run.end, run.n = head, line.begin + 1, run.n + 1
    return runs


def _checked(result: FrameResult, line: Line) -> FrameResult:
    for track in result.tracks:
        if len(track.pose.keypoints) != BODYPOSENET_18.n_keypoints:
            raise DataError(
                f"line {line.number} of {str(line.path)!r} holds a person of {len(track.pose.keypoints)} keypoints; "
                f"the rules need {BODYPOSENET_18.n_keypoints}"
            )
    return result
