"""Second looks: the part of a frame that a rule wants to see again, turned upright, and the way back to the frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgepose.errors import ShapeError
from edgepose.types import Image, LookAgain, Pose

MIN_SIDE_PX = 16
"""A crop narrower than this shows nobody; the look is answered with no poses."""


def region(request: LookAgain, image_hw: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Whole-pixel x0, y0, x1, y1 (ends excluded) of the request inside the picture; None where nothing is left."""
    if not np.isfinite(request.crop_xyxy).all():
        return None
    height, width = image_hw
    x0, y0 = (max(0, int(np.floor(v))) for v in request.crop_xyxy[:2])
    x1, y1 = (min(end, int(np.ceil(v)) + 1) for v, end in zip(request.crop_xyxy[2:], (width, height), strict=True))
    if x1 - x0 < MIN_SIDE_PX or y1 - y0 < MIN_SIDE_PX:
        return None
    return x0, y0, x1, y1


def cut_out(image: Image, request: LookAgain) -> Image | None:
    """The requested region, turned counter-clockwise, contiguous; None where nothing of it lies in the picture."""
    if request.rotation_deg % 90:
        raise ShapeError(f"a second look turns by a multiple of 90 degrees, got {request.rotation_deg}")
    box = region(request, (image.shape[0], image.shape[1]))
    if box is None:
        return None
    x0, y0, x1, y1 = box
    return np.ascontiguousarray(np.rot90(image[y0:y1, x0:x1], request.rotation_deg // 90))


def to_frame(poses: Sequence[Pose], request: LookAgain, image_hw: tuple[int, int]) -> list[Pose]:
    """Poses of the turned crop in pixels of the whole picture."""
    box = region(request, image_hw)
    if box is None:
        return []
    x0, y0, x1, y1 = box
    right, bottom = x1 - x0 - 1, y1 - y0 - 1
    turns = request.rotation_deg // 90 % 4
    found = []
    for pose in poses:
        keypoints = pose.keypoints.copy()
        x, y = pose.keypoints[:, 0], pose.keypoints[:, 1]
        turned = ((x, y), (right - y, x), (right - x, bottom - y), (y, bottom - x))[turns]
        keypoints[:, 0], keypoints[:, 1] = turned[0] + x0, turned[1] + y0
        found.append(Pose(keypoints, pose.score, pose.skeleton))
    return found
