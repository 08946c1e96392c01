"""Skeletons of people, coloured by side.

The right side of a body is drawn warm, the left cold, the middle in a neutral yellow; weak keypoints fade. Strokes
follow the size of the person, so a far one stays legible and a near one does not drown.
"""

from __future__ import annotations

import cv2
import numpy as np

from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray, Image, Pose

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

RIGHT: Colour = (60, 120, 255)
LEFT: Colour = (255, 175, 40)
MIDDLE: Colour = (90, 220, 250)
JOINT: Colour = (245, 245, 245)
FADED: Colour = (110, 110, 110)
EDGE: Colour = (25, 25, 25)

FULL_SCORE = 0.4
"""Keypoint score from which on a limb is drawn in full colour; below it fades to grey."""

_OPACITY = 0.85
_SUBPIXEL_BITS = 4


def limb_colour(skeleton: Skeleton, limb: tuple[int, int]) -> Colour:
    """Warm for the right side of the body, cold for the left; a limb from the middle takes its outer end's side."""
    sides = {skeleton.keypoints[end][:2] for end in limb} & {"r_", "l_"}
    if len(sides) != 1:
        return MIDDLE
    return RIGHT if sides == {"r_"} else LEFT


def stroke_px(pose: Pose) -> float:
    """Thickness of a limb for a person of this size: 2 % of the box diagonal, 1.5 to 12 pixels."""
    x0, y0, x1, y1 = pose.box_xyxy
    return float(np.clip(0.02 * np.hypot(x1 - x0, y1 - y0), 1.5, 12.0)) if np.isfinite(x0) else 1.5


def draw_skeleton(canvas: Image, pose: Pose, skeleton: Skeleton) -> None:
    """Limbs and joints of one person, blended as a whole, so that crossing strokes do not add up."""
    width = stroke_px(pose)
    patch, origin = _patch(canvas, pose, 2 * width + 3)
    if patch is None:
        return
    drawn = patch.copy()
    points = pose.keypoints - np.array((*origin, 0), np.float32)
    limbs = [limb for limb in skeleton.limbs if _is_drawn(skeleton, limb) and (points[list(limb), 2] > 0).all()]
    strengths = [_strength(points[list(limb), 2].min()) for limb in limbs]
    widths = [width * (0.5 if _is_face(skeleton, limb) else 1.0) for limb in limbs]
    for (start, end), thick in zip(limbs, widths, strict=True):
        _line(drawn, points[start], points[end], thick + max(1.5, 0.35 * width), EDGE)
    for limb, thick, strength in zip(limbs, widths, strengths, strict=True):
        _line(drawn, points[limb[0]], points[limb[1]], thick, _faded(limb_colour(skeleton, limb), strength))
    for index in np.flatnonzero(pose.found):
        radius = width * (0.45 if _is_face(skeleton, (int(index),)) else 0.7)
        _disc(drawn, points[index], radius + 0.25 * width, EDGE)
        _disc(drawn, points[index], radius, _faded(JOINT, _strength(points[index, 2])))
    cv2.addWeighted(drawn, _OPACITY, patch, 1 - _OPACITY, 0, dst=patch)


def _patch(canvas: Image, pose: Pose, margin: float) -> tuple[Image | None, tuple[int, int]]:
    """The part of the canvas (a view) around a person and its top-left pixel; None when it lies outside."""
    x0, y0, x1, y1 = pose.box_xyxy
    if not np.isfinite(x0):
        return None, (0, 0)
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    patch = canvas[top : max(0, int(y1 + margin) + 1), left : max(0, int(x1 + margin) + 1)]
    return (patch if patch.size else None), (left, top)


def _is_drawn(skeleton: Skeleton, limb: tuple[int, int]) -> bool:
    """Shoulder-ear limbs serve grouping and would clutter a drawing."""
    names = {skeleton.keypoints[end].split("_")[-1] for end in limb}
    return names != {"shoulder", "ear"}


def _is_face(skeleton: Skeleton, ends: tuple[int, ...]) -> bool:
    return any(skeleton.keypoints[end].endswith(("nose", "eye", "ear")) for end in ends)


def _strength(score: float) -> float:
    return min(1.0, float(score) / FULL_SCORE)


def _faded(colour: Colour, strength: float) -> Colour:
    blue, green, red = (round(strength * c + (1 - strength) * q) for c, q in zip(colour, FADED, strict=True))
    return blue, green, red


def _line(image: Image, start: FloatArray, end: FloatArray, width: float, colour: Colour) -> None:
    cv2.line(image, _fixed(start), _fixed(end), colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL_BITS)


def _disc(image: Image, centre: FloatArray, radius: float, colour: Colour) -> None:
    size = max(1, round(radius * 2**_SUBPIXEL_BITS))
    cv2.circle(image, _fixed(centre), size, colour, -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def _fixed(point: FloatArray) -> tuple[int, int]:
    """Pixels as OpenCV's fixed-point numbers."""
    return round(float(point[0]) * 2**_SUBPIXEL_BITS), round(float(point[1]) * 2**_SUBPIXEL_BITS)
