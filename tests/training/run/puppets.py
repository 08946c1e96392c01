"""Puppets of five coloured discs on grey noise, drawn by the tests, with their COCO-style annotations."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

NAMES = ("head", "chest", "left_hand", "right_hand", "seat")
COLOURS = ((0, 0, 255), (255, 255, 255), (0, 255, 0), (0, 255, 0), (0, 255, 255))  # blue, green, red
SET = """
name = "puppet_5"
keypoints = ["head", "chest", "left_hand", "right_hand", "seat"]
limbs = [["chest", "head"], ["chest", "left_hand"], ["chest", "right_hand"], ["chest", "seat"]]
"""


def draw_puppets(folder: Path, n: int, seed: int) -> Path:
    """A folder of `n` pictures with one puppet each; returns its annotations."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for number in range(1, n + 1):
        picture = rng.integers(60, 90, (128, 128, 3), np.uint8)
        points = np.array([(0, -28), (0, -8), (20, -4), (-20, -4), (0, 26)]) + rng.uniform(-4, 4, (5, 2))
        points += rng.uniform(40, 88, 2)
        for end in (0, 2, 3, 4):
            cv2.line(picture, *(tuple(map(int, points[k])) for k in (1, end)), (160, 160, 160), 3)
        for (x, y), colour in zip(points, COLOURS, strict=True):
            cv2.circle(picture, (round(x), round(y)), 5, colour, -1)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        low, high = points.min(0) - 6, points.max(0) + 6
        images.append({"id": number, "file_name": f"{number}.png"})
        annotations.append({
            "id": number, "image_id": number, "category_id": 1, "iscrowd": 0, "area": float(np.prod(high - low)),
            "bbox": [*low.tolist(), *(high - low).tolist()], "num_keypoints": 5,
            "keypoints": [float(value) for x, y in points for value in (x, y, 2)],
        })  # fmt: skip
    path = folder / "people.json"
    categories = [{"id": 1, "name": "person", "keypoints": list(NAMES)}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path
