"""A square of a picture, turned and scaled to what a network wants to see, and the way back to the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepose.training.teacher.body import Keypoints
from edgepose.types import Image

SIDE = 256
"""Pixels of a crop: what all crop networks here were made for."""


@dataclass(frozen=True)
class Crop:
    """matrix: float64 (2, 3), crop pixels to picture pixels."""

    matrix: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Picture pixels per crop pixel."""
        return float(np.hypot(*self.matrix[:, 0]))


def square(centre_xy: tuple[float, float], side: float, turn_deg: float = 0.0) -> Crop:
    """The square of this side, picture pixels, whose upward direction is `turn_deg` clockwise from the picture's."""
    angle, scale = np.deg2rad(turn_deg), max(side, 2.0) / SIDE
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[c, -s], [s, c]])
    middle = (SIDE - 1) / 2
    return Crop(np.column_stack((linear, np.asarray(centre_xy) - linear @ (middle, middle))))


def around(box: NDArray[np.float64], margin: float, turn_deg: float = 0.0) -> Crop:
    """The square round a box x0, y0, x1, y1 whose side is `margin` times the box's longer side."""
    centre = (box[:2] + box[2:]) / 2
    return square((float(centre[0]), float(centre[1])), margin * float((box[2:] - box[:2]).max()), turn_deg)


def cut(image: Image, crop: Crop) -> Image:
    """uint8 (SIDE, SIDE, 3); black outside the picture. Shrinks by area first, so that fine texture does not alias."""
    matrix, scale = crop.matrix.copy(), crop.scale
    if scale > 1.6:
        factor = 1.2 / scale
        image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        matrix *= factor
        matrix[:, 2] += (factor - 1) / 2
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=flags)  # type: ignore[return-value]


def to_picture(keypoints: Keypoints, crop: Crop) -> Keypoints:
    """The keypoints of a crop in picture pixels."""
    xy = keypoints[:, :2] @ crop.matrix[:, :2].T + crop.matrix[:, 2]
    return np.column_stack((xy, keypoints[:, 2]))


def to_crop(keypoints: Keypoints, crop: Crop) -> Keypoints:
    """The keypoints of a picture in crop pixels."""
    xy = (keypoints[:, :2] - crop.matrix[:, 2]) @ np.linalg.inv(crop.matrix[:, :2]).T
    return np.column_stack((xy, keypoints[:, 2]))


def alone(picture: Image, box: NDArray[np.float64]) -> Image:
    """A crop whose neighbours are blanked: black outside the box x0, y0, x1, y1, crop pixels."""
    x0, y0, x1, y1 = box.round().astype(int).clip(0, SIDE)
    out = np.zeros_like(picture)
    out[y0:y1, x0:x1] = picture[y0:y1, x0:x1]
    return out
