"""A small COCO file from numbers and the pictures that it lists, for a test to spoil; and who sees it perfectly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from builders import pose_of, standing

from edgepose.skeleton import BODYPOSENET_18, COCO_17
from edgepose.types import Image, Pose

WIDTH, HEIGHT = 160, 120
FIGURES = {1: [(40, 110)], 2: [(60, 115)], 3: [(35, 112), (110, 114)]}
"""Points between the feet of the people in each picture, by its id; all are 90 pixels tall."""
GREY = 60
"""Brightness of picture k is k times this, so that it is known by its pixels, through a JPEG too."""

NAMES = ["nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
         "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
         "right_ankle"]  # fmt: skip
"""As COCO's own file names them."""

ORDER_18 = ["nose", "neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip", "RKnee",
            "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar"]  # fmt: skip
"""OpenPose's, by names of its own; the neck is not COCO's."""

Content = dict[str, Any]
Edit = Callable[[Content], object]


def content() -> Content:
    """Three pictures and four people, with all that COCO records of them."""
    images = [
        {"id": k, "file_name": f"{k:04}.png", "width": WIDTH, "height": HEIGHT, "license": 3, "coco_url": "http://x/y"}
        for k in FIGURES
    ]
    annotations = []
    for k, several in FIGURES.items():
        for feet in several:
            keypoints = coco_keypoints(feet)
            (x0, y0), (x1, y1) = keypoints[:, :2].min(0), keypoints[:, :2].max(0)
            annotations.append(
                {
                    "id": 100 + len(annotations),
                    "image_id": k,
                    "category_id": 1,
                    "iscrowd": 0,
                    "num_keypoints": 17,
                    "area": float((x1 - x0) * (y1 - y0)) * 0.7,
                    "bbox": [float(v) for v in (x0, y0, x1 - x0, y1 - y0)],
                    "keypoints": [float(v) for v in keypoints.ravel()],
                    "segmentation": [],
                }
            )
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(NAMES), "skeleton": []}
    return {"info": {}, "images": images, "annotations": annotations, "categories": [category]}


def coco_keypoints(feet: tuple[float, float]) -> np.ndarray:
    """(17, 3): x, y, 2 of a standing person."""
    keypoints = standing(feet=feet, height=90)[list(BODYPOSENET_18.mapping_to(COCO_17))].copy()
    keypoints[:, :2] = keypoints[:, :2].round(1)
    keypoints[:, 2] = 2
    return keypoints


def crowd(**more: Any) -> dict[str, Any]:
    """A record of people whom nobody labelled, in picture 1."""
    record = {"id": 999, "image_id": 1, "category_id": 1, "iscrowd": 1, "num_keypoints": 0, "keypoints": [0] * 51}
    return record | {"area": 900, "bbox": [100, 10, 30, 30]} | more


def write(folder: Path, data: Content | bytes, *, ending: str = ".png") -> Path:
    """The file, beside its pictures."""
    for k in FIGURES:
        path = folder / f"{k:04}{ending}"
        if not path.exists():
            cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, 3), GREY * k, np.uint8))
    path = folder / "people.json"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def spoilt(edit: Edit) -> Content:
    """The good file after `edit`."""
    data = content()
    edit(data)
    return data


def each(key: str, **values: Any) -> Edit:
    """An edit of every record in a list."""
    return lambda data: [record.update(values) for record in data[key]]


def without(key: str, *names: str) -> Edit:
    """An edit that takes keys out of every record in a list."""
    return lambda data: [record.pop(name) for record in data[key] for name in names]


def perfect(image: Image) -> list[Pose]:
    """The people of a picture, known by its brightness."""
    k = round(float(image.mean()) / GREY)
    people = [standing(feet=feet, height=90) for feet in FIGURES[k]]
    return [pose_of(np.where([True, True, False], person.round(1), person)) for person in people]


def category(key: int, name: str = "person") -> Edit:
    """An edit of the people's category."""

    def edit(data: Content) -> None:
        each("annotations", category_id=key)(data)
        each("categories", id=key, name=name)(data)

    return edit


def renamed(names: list[str]) -> Edit:
    """An edit into people with 18 keypoints in OpenPose's order, under these names."""

    def edit(data: Content) -> None:
        order = [NAMES.index(long_name(name)) if name != "neck" else None for name in ORDER_18]
        for record in data["annotations"]:
            triples = [record["keypoints"][3 * k : 3 * k + 3] if k is not None else [1.0, 1.0, 2] for k in order]
            record.update(keypoints=[v for triple in triples for v in triple], num_keypoints=18)
        data["categories"][0].update(name="worker", keypoints=names)

    return edit


def long_name(name: str) -> str:
    return name if name.islower() else {"L": "left", "R": "right"}[name[0]] + "_" + name[1:].lower()
