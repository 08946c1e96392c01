"""One picture of several clips: a row each, with the skeletons of eight moments and what was told."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepose.overlay import draw
from edgepose.replay.recording import Recording
from edgepose.types import FloatArray, Image, Pose

MOMENTS = 8
THUMB_W, THUMB_H, LINE_H = 150, 150, 20
PAPER, GROUND, INK = 252, 235, (40, 40, 40)
AROUND = 0.15  # of the larger side of what is shown, added on each of its sides


def draw_sheet(rows: Sequence[tuple[Recording, str]]) -> Image:
    """The picture, uint8 BGR: for each recording and its title a row, cut to where its people are."""
    canvas = np.full((max(len(rows), 1) * (THUMB_H + LINE_H), MOMENTS * THUMB_W, 3), PAPER, np.uint8)
    for number, (recording, title) in enumerate(rows):
        top = number * (THUMB_H + LINE_H)
        cv2.putText(canvas, title, (6, top + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
        for i, thumb in enumerate(_thumbs(recording)):
            canvas[top + LINE_H : top + LINE_H + THUMB_H, i * THUMB_W : (i + 1) * THUMB_W - 4] = thumb
    return canvas


def _thumbs(recording: Recording) -> list[Image]:
    """The people of MOMENTS frames, evenly over the clip, in the scale of the whole clip."""
    frames = [[one if isinstance(one, Pose) else one.pose for one in frame.people] for frame in recording.frames]
    found = [pose.keypoints[pose.found, :2] for people in frames for pose in people]
    if not found:
        return []
    points = np.concatenate(found)
    low, high = np.percentile(points, 1, axis=0), np.percentile(points, 99, axis=0)
    side = max(float((high - low).max()), 1.0) * (1 + 2 * AROUND)
    scale = min(THUMB_W - 4, THUMB_H) / side
    shift = np.array([THUMB_W - 4, THUMB_H]) / 2 - scale * (low + high) / 2
    thumbs = []
    for number in np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int):
        people = [Pose(_moved(pose, scale, shift), pose.score) for pose in frames[number]]
        thumbs.append(draw(np.full((THUMB_H, THUMB_W - 4, 3), GROUND, np.uint8), people))
    return thumbs


def _moved(pose: Pose, scale: float, shift: NDArray[np.float64]) -> FloatArray:
    """Keypoints (18, 3) in pixels of a thumb."""
    points = pose.keypoints.astype(np.float32)
    points[:, :2] = points[:, :2] * scale + shift
    return points
