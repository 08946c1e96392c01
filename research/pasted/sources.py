"""Where people and places come from: sets of edgepose-lite-fused, their labels and their pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from edgepose.errors import DataError
from edgepose.pictures import read_image
from edgepose.training.teacher.body import overlap
from edgepose.types import Image
from research.pasted.cutout import CutOut, Masks, cut_out

CROWDED = 0.08
"""Whose box overlaps another's by more is not cut out."""
MIN_SIDE = 180
"""Pixels of a place's shorter side."""


@dataclass(eq=False)
class Labelled:
    """A picture's file, its people (rows of the set) and all boxes in which somebody may be, x0, y0, x1, y1."""

    file: Path
    source: str
    licence: str
    people: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[np.ndarray[Any, Any]] = field(default_factory=list)


def read_sets(paths: Sequence[Path]) -> list[Labelled]:
    """Every picture once. DataError where a file is not such a set."""
    found: dict[str, Labelled] = {}
    for path in paths:
        try:
            document = json.loads(path.read_bytes())
            one = {
                image["id"]: Labelled(Path(image["file_name"]), image["source"], image["licence"])
                for image in document["images"]
            }
            for row in document["annotations"]:
                x, y, w, h = row["bbox"]
                one[row["image_id"]].boxes.append(np.array((x, y, x + w, y + h), float))
                if not row["iscrowd"]:
                    one[row["image_id"]].people.append(row)
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(f"'{path}' is not a set of prepare_edgepose_lite_fused.py") from None
        found |= {str(each.file): each for each in one.values()}
    return list(found.values())


def people_of(pictures: Sequence[Labelled], masks: Masks) -> Iterator[tuple[Labelled, CutOut]]:
    """Everybody who can be cut out."""
    for labelled in pictures:
        image = read_image(labelled.file)
        for row in labelled.people:
            if "fused" not in row:
                continue
            x, y, w, h = row["bbox"]
            box = np.array((x, y, x + w, y + h), float)
            if sum(overlap(box, other) > CROWDED for other in labelled.boxes) > 1:  # one is their own
                continue
            found = cut_out(image, np.reshape(row["fused"], (17, 3)).astype(float), masks)
            if found is not None:
                yield labelled, found


def place_in(labelled: Labelled, rng: Generator, tries: int = 30) -> Image | None:
    """A part of the picture in which nobody is, whole where nobody is in it; None where none was found."""
    image = read_image(labelled.file)
    h, w = image.shape[:2]
    if not labelled.boxes:
        return image
    for _ in range(tries):
        share = rng.uniform(0.35, 0.9)
        side_w, side_h = int(w * share), int(h * share * rng.uniform(0.75, 1.0))
        if min(side_w, side_h) < MIN_SIDE:
            continue
        x, y = int(rng.integers(0, w - side_w + 1)), int(rng.integers(0, h - side_h + 1))
        if all(_apart(box, (x, y, x + side_w, y + side_h)) for box in labelled.boxes):
            return image[y : y + side_h, x : x + side_w]
    return None


def _apart(box: np.ndarray[Any, Any], part: tuple[int, int, int, int]) -> bool:
    margin = 0.2 * (box[2:] - box[:2]) + 4
    low, high = box[:2] - margin, box[2:] + margin
    return bool(high[0] < part[0] or low[0] > part[2] or high[1] < part[1] or low[1] > part[3])


def sized(place: Image, rng: Generator) -> Image:
    """The place as one camera picture, 4:3 or 16:9, 480 px high, mirrored half of the time."""
    height, width = 480, int(rng.choice((640, 640, 854)))
    h, w = place.shape[:2]
    scale = max(width / w, height / h)
    big = np.asarray(cv2.resize(place, (max(width, round(w * scale)), max(height, round(h * scale)))), np.uint8)
    x, y = int(rng.integers(0, big.shape[1] - width + 1)), int(rng.integers(0, big.shape[0] - height + 1))
    out = big[y : y + height, x : x + width]
    return np.ascontiguousarray(out[:, ::-1] if rng.random() < 0.5 else out)
