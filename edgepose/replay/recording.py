"""Recordings: JSON lines that EdgePose wrote, or NPZ files with keypoints [T, P, 18, 3], fps, width and height."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.arrays import MAX_BYTES, read_arrays
from edgepose.errors import DataError
from edgepose.replay.lines import load_lines
from edgepose.replay.recorded import RecordedFrame, Recording
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import FloatArray, Pose

__all__ = ["RecordedFrame", "Recording", "load_recording", "recording_of"]

MAX_FRAMES = 24 * 60 * 60 * 30
"""Of an NPZ: a day at 30 frames a second."""

MIN_FPS, MAX_SIDE = 0.01, 100_000


def load_recording(path: str | Path) -> list[Recording]:
    """The recordings of one file, one per camera and run of it; DataError when it is none."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"recording {str(path)!r} does not exist; give a .jsonl that `run --jsonl` wrote, or an .npz")
    if path.suffix == ".npz":
        return [_load_npz(path)]
    return load_lines(path)


def _load_npz(path: Path) -> Recording:
    try:
        found = read_arrays(path, ("keypoints", "fps", "width", "height"))
    except DataError as error:
        raise DataError(
            f"recording {error}; an NPZ needs keypoints [T, P, 18, 3], fps, width, height as numbers"
        ) from None
    keypoints = found["keypoints"]
    if keypoints.ndim != 4 or keypoints.shape[2:] != (18, 3) or keypoints.dtype.kind not in "fiu":
        raise DataError(f"recording {str(path)!r} holds keypoints of shape {keypoints.shape}; wanted [T, P, 18, 3]")
    if len(keypoints) > MAX_FRAMES or keypoints.size * 4 > MAX_BYTES:
        raise DataError(
            f"recording {str(path)!r} holds keypoints of shape {keypoints.shape}, at most {MAX_FRAMES} frames and "
            f"{MAX_BYTES >> 20} MiB as float32 are read; divide it"
        )
    fps, width, height = (_number(found[name]) for name in ("fps", "width", "height"))
    if not (MIN_FPS <= fps < 1e4 and 1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise DataError(
            f"recording {str(path)!r} says {fps:g} fps and {width:g} x {height:g} pixels; wanted are {MIN_FPS} to "
            f"10000 fps and sides of 1 to {MAX_SIDE}"
        )
    return recording_of(str(path), keypoints, fps, (int(width), int(height)))


def _number(array: NDArray[Any]) -> float:
    """The first number of an array, which may be a single one; NaN where there is none."""
    return float(array.ravel()[0]) if array.size and array.dtype.kind in "fiub" else math.nan


def recording_of(name: str, keypoints: FloatArray, fps: float, size_wh: tuple[int, int]) -> Recording:
    """A recording from [T, P, 18, 3] x, y, score; absent keypoints may be (0, 0), not finite, or without a score."""
    with np.errstate(over="ignore"):  # beyond float32 is not finite, hence absent
        points = np.array(keypoints, np.float32)
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
