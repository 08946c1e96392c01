"""What lies around a picture that does not fill its crop: another picture, in which nobody is.

Plain colours there teach nothing; posts, chairs and floors teach what no person looks like (after A. Bochkovskiy et
al., "YOLOv4", 2020, section 3.3, whose mosaics put several pictures into one crop).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.random import Generator

from edgepose.annotations import locate, read_annotations, read_place
from edgepose.errors import DataError
from edgepose.look.resize import resized
from edgepose.model import Kernel
from edgepose.training.data.augment import View
from edgepose.types import Image

LARGEST = 1.6
"""A backdrop is scaled so that its shorter side is 1 to this many times the crop's."""

ENOUGH_PX = 480
"""Shorter side that a backdrop is kept at."""


def open_backdrops(annotations: str) -> list[Image]:
    """The pictures of a COCO-style list, reduced to what a crop needs; none for an empty name.

    DataError when the list cannot be used or names people.
    """
    if not annotations:
        return []
    listed = read_annotations(annotations)
    if any(picture.people for picture in listed.pictures):
        raise DataError(f"'{annotations}' holds people; data.backdrops must be pictures without anybody")
    return [_reduced(read_place(place)) for _, place in locate(listed, "")]


def _reduced(image: Image) -> Image:
    scale = ENOUGH_PX / min(image.shape[:2])
    h, w = (round(side * scale) for side in image.shape[:2])
    return resized(image, (w, h), "area") if scale < 1 else image


def surrounded(
    crop: Image, image_hw: tuple[int, int], view: View, backdrop: Image, rng: Generator, kernel: Kernel
) -> Image:
    """The crop, uint8 (S, S, 3), with a random part of `backdrop`, uint8 (H, W, 3), where the picture does not reach.

    image_hw: height and width of the picture that `view` shows.
    """
    size = crop.shape[0]
    inside = cv2.warpAffine(np.ones(image_hw, np.uint8), view.matrix, (size, size), flags=cv2.INTER_NEAREST)
    if inside.all():
        return crop
    scale = rng.uniform(1.0, LARGEST) * size / min(backdrop.shape[:2])
    h, w = (max(size, round(side * scale)) for side in backdrop.shape[:2])
    scaled = resized(backdrop, (w, h), kernel)
    y, x = int(rng.integers(h - size + 1)), int(rng.integers(w - size + 1))
    part = scaled[y : y + size, x : x + size]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.where(inside[..., None] > 0, crop, part)


def chosen(backdrops: Sequence[Image], share: float, rng: Generator) -> Image | None:
    """One of them for this share of crops, else None."""
    if not backdrops or rng.random() >= share:
        return None
    return backdrops[int(rng.integers(len(backdrops)))]
