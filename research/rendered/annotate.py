"""COCO's records of one picture: where people are seen, their keypoints and what is seen of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.skeleton import COCO_17
from research.rendered.visibility import VISIBLE

MIN_PIXELS = 40
"""Of somebody of whom less is seen there is no record."""
MIN_VISIBLE = 3
"""Somebody with fewer keypoints in sight is a region without keypoints, which training passes over."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """One person in a picture. keypoints: float64 (17, 3), x, y, visibility; family: the pose's."""

    owner: int
    family: str
    keypoints: NDArray[np.float64]


def category() -> dict[str, Any]:
    """COCO's category of people."""
    return {"id": 1, "name": "person", "supercategory": "person", "keypoints": [_long(n) for n in COCO_17.keypoints]}


def records(image_id: int, people: list[Labelled], owners: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """The people of a picture in COCO's form; boxes and areas are of what is seen. owners: (H, W), whose pixel."""
    out = []
    for person in people:
        seen = owners == person.owner
        area = int(np.count_nonzero(seen))
        if area < MIN_PIXELS:
            continue
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        x, y = int(columns[0]), int(rows[0])
        labelled = person.keypoints[:, 2] > 0
        if np.count_nonzero(person.keypoints[:, 2] == VISIBLE) < MIN_VISIBLE:
            labelled[:] = False
        keypoints = np.where(labelled[:, None], person.keypoints, 0.0)
        out.append({
            "id": 10 * image_id + person.owner,
            "image_id": image_id,
            "category_id": 1,
            "iscrowd": 0,
            "bbox": [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1],
            "area": area,
            "num_keypoints": int(np.count_nonzero(labelled)),
            "keypoints": [round(float(v), 2) for v in keypoints.reshape(-1)],
            "pose": person.family,
        })  # fmt: skip
    return out


def _long(name: str) -> str:
    return name.replace("l_", "left_", 1) if name.startswith("l_") else name.replace("r_", "right_", 1)
