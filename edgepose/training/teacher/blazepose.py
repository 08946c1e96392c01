"""BlazePose GHUM heavy reads people whose trunk lies: its crop is turned so that the trunk stands upright.

It needs hips and shoulders first, from another reader. Its own flags of visibility tell little; the height of a
heatmap's peak is its score. TensorFlow Lite's file is run by ai-edge-litert, which is imported when it is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgepose.errors import MissingDependencyError, ModelError
from edgepose.training.teacher.body import HIPS, SHOULDERS, Keypoints
from edgepose.training.teacher.crop import SIDE, Crop, square
from edgepose.training.teacher.read import Reader
from edgepose.types import Image

OF_33 = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
"""COCO's 17 among its 33 points."""
CELLS = 64
WINDOW = 2
"""Cells to each side of a maximum whose centroid is the keypoint."""


def round_hips(keypoints: Keypoints, seen: float = 0.15) -> Crop:
    """The square about the hips that holds the person, its up along the trunk; keypoints in picture pixels."""
    hips = keypoints[HIPS, :2].mean(0)
    trunk = keypoints[SHOULDERS, :2].mean(0) - hips
    far = np.hypot(*(keypoints[keypoints[:, 2] > seen, :2] - hips).T).max(initial=0.0)
    side = 2.5 * max(1.1 * float(far), 1.75 * float(np.hypot(*trunk)), 1.0)
    return square((float(hips[0]), float(hips[1])), side, float(np.rad2deg(np.arctan2(trunk[0], -trunk[1]))))


def blazepose(path: Path, threads: int = 1) -> Reader:
    """pose_landmark_heavy.tflite; MissingDependencyError without ai-edge-litert, ModelError for another file."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise MissingDependencyError(
            f"BlazePose runs in ai-edge-litert, which is not usable ({error}); pip install ai-edge-litert, or leave "
            "--blazepose out"
        ) from None
    try:
        network: Any = Interpreter(model_path=str(path), num_threads=threads or None)
        network.allocate_tensors()
        where = network.get_input_details()[0]["index"]
        maps = next(one["index"] for one in network.get_output_details() if one["name"] == "Identity_3")
    except (ValueError, OSError, StopIteration, RuntimeError) as error:
        raise ModelError(f"'{path}' is not pose_landmark_heavy.tflite of @mediapipe/pose ({error})") from None

    def read(crop: Image) -> Keypoints:
        network.set_tensor(where, crop[None, :, :, ::-1].astype(np.float32) / 255)
        network.invoke()
        logits = network.get_tensor(maps)[0][..., OF_33].astype(np.float64)
        return peaks(1 / (1 + np.exp(-logits.clip(-60, 60))))

    return read


def peaks(heatmaps: np.ndarray) -> Keypoints:
    """The centroid of each map's strongest place, crop pixels, and its height; float (64, 64, K) to (K, 3)."""
    out = np.zeros((heatmaps.shape[2], 3))
    for k in range(len(out)):
        y, x = np.unravel_index(heatmaps[..., k].argmax(), heatmaps.shape[:2])
        top, left = max(int(y) - WINDOW, 0), max(int(x) - WINDOW, 0)
        part = heatmaps[top : y + WINDOW + 1, left : x + WINDOW + 1, k]
        rows, columns = np.indices(part.shape)
        centre = np.array(((part * columns).sum(), (part * rows).sum())) / part.sum() + (left, top)
        out[k] = *((centre + 0.5) * SIDE / CELLS - 0.5), heatmaps[y, x, k]
    return out
