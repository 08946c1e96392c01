"""Recordings: JSON lines that EdgePose wrote, or NPZ files with keypoints [T, P, 18, 3], fps, width and height."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.errors import DataError
from edgepose.publish.record import read_results
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import FloatArray, Pose, Track


@dataclass(frozen=True)
class RecordedFrame:
    """People of one frame: tracks with the ids they had, or plain poses. number: 0-based frame of its source."""

    number: int
    t: float
    people: Sequence[Track] | Sequence[Pose]


@dataclass(frozen=True)
class Recording:
    """One camera's people over time.

    name: file it comes from, with the camera where the file holds several. camera: its name, as zones know it.
    tracked: whether `people` are tracks already. size_wh: width and height of the picture in pixels.
    """

    name: str
    camera: str
    size_wh: tuple[int, int]
    tracked: bool
    frames: Sequence[RecordedFrame]

    def every(self, step: int) -> Recording:
        """The same at a lower frame rate: every `step`-th frame. Tracks stay what they were at the full rate."""
        return Recording(self.name, self.camera, self.size_wh, self.tracked, self.frames[::step])


def load_recording(path: str | Path) -> list[Recording]:
    """The recordings of one file, one per camera; DataError when it is none."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"recording {str(path)!r} does not exist; give a .jsonl that `run --jsonl` wrote, or an .npz")
    return [_load_npz(path)] if path.suffix == ".npz" else _load_lines(path)


def _load_lines(path: Path) -> list[Recording]:
    cameras: dict[str, list[Any]] = {}
    for result in read_results(path):
        cameras.setdefault(result.source, []).append(result)
    if not cameras:
        raise DataError(f"recording {str(path)!r} holds no frames")
    return [
        Recording(
            name=str(path) if len(cameras) == 1 else f"{path} [{camera}]",
            camera=camera,
            size_wh=results[0].size_wh,
            tracked=True,
            frames=[RecordedFrame(result.seq, result.t, result.tracks) for result in results],
        )
        for camera, results in cameras.items()
    ]


def _load_npz(path: Path) -> Recording:
    try:
        with np.load(path) as file:
            found = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"recording {str(path)!r} cannot be read as NPZ: {error}") from error
    wanted = {"keypoints", "fps", "width", "height"}
    if not wanted <= set(found):
        lacking = ", ".join(sorted(wanted - set(found)))
        raise DataError(
            f"recording {str(path)!r} lacks {lacking}; an NPZ needs keypoints [T, P, 18, 3], fps, width, height"
        )
    keypoints = found["keypoints"]
    if keypoints.ndim != 4 or keypoints.shape[2:] != (18, 3) or keypoints.dtype.kind not in "fiu":
        raise DataError(f"recording {str(path)!r} holds keypoints of shape {keypoints.shape}; wanted [T, P, 18, 3]")
    fps, width, height = (float(np.ravel(found[name])[0]) for name in ("fps", "width", "height"))
    if not (0 < fps < 1e4 and width >= 1 and height >= 1):
        raise DataError(
            f"recording {str(path)!r} says {fps:g} fps and {width:g} x {height:g} pixels; all must be above 0"
        )
    return recording_of(str(path), keypoints, fps, (int(width), int(height)))


def recording_of(name: str, keypoints: FloatArray, fps: float, size_wh: tuple[int, int]) -> Recording:
    """A recording from [T, P, 18, 3] x, y, score; absent keypoints may be (0, 0), not finite, or without a score."""
    points = np.asarray(keypoints, np.float32).copy()
    x, y, score = points[..., 0], points[..., 1], points[..., 2]
    there = (score > 0) & np.isfinite(x + y) & ((x != 0) | (y != 0))
    points[~there] = (np.nan, np.nan, 0)
    assert points.shape[2] == BODYPOSENET_18.n_keypoints
    frames = [
        RecordedFrame(
            number,
            number / fps,
            [
                Pose(person, float(person[seen, 2].mean()))
                for person, seen in zip(people, found, strict=True)
                if seen.any()
            ],
        )
        for number, (people, found) in enumerate(zip(points, there, strict=True))
    ]
    return Recording(name, "default", size_wh, False, frames)
