"""Recordings: JSON lines that EdgePose wrote, or NPZ files with keypoints [T, P, 18, 3], fps, width and height."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from edgepose.errors import DataError
from edgepose.replay.lines import load_lines
from edgepose.replay.recorded import RecordedFrame, Recording
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import FloatArray, Pose

__all__ = ["RecordedFrame", "Recording", "load_recording", "recording_of"]


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
