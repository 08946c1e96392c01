"""Labels and their pictures as a COCO-style set that `edgepose train` reads, truth in its place where there is any.

Beside COCO's fields an annotation has `fused`, 51 numbers: x, y and chance of every keypoint, those that are too
doubtful to be drawn too. Doubtful regions are crowds (`iscrowd`); an image has `refused`, boxes x, y, w, h in which
nobody is, and `sha256`, by which the dense maps are found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.files import ORDINARY, write_atomically
from edgepose.training.teacher.body import box_of, lies, overlap
from edgepose.training.teacher.labels import Labelled
from edgepose.training.teacher.sight import Box, Person

DRAWN = 0.35
"""Keypoints of at least this chance are labelled; one certain voice out of two is enough."""
MIN_KEYPOINTS = 4
"""A person with fewer labelled keypoints is a doubtful region."""


def coco_set(
    labelled: Mapping[str, Labelled], folder: Path, truth: Mapping[str, Sequence[dict[str, Any]]] | None = None
) -> dict[str, Any]:
    """A COCO document of the pictures that lie in `folder`; truth: annotations by file name, which come first."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for digest, one in labelled.items():
        number = len(images) + 1
        known = (truth or {}).get(one.file)
        people = list(_with_truth(one, known) if known is not None else _people(one.sight.people))
        people += [_crowd(box) for box in one.sight.doubtful if known is None]
        width, height = one.sight.size_wh
        refused = [] if known is not None else [_xywh(box) for box in one.sight.refused]
        images.append(
            {"id": number, "file_name": str(folder / one.file), "width": width, "height": height, "sha256": digest,
             "refused": refused, "source": one.source, "licence": one.licence}
        )  # fmt: skip
        for person in people:
            annotations.append({**person, "id": len(annotations) + 1, "image_id": number, "category_id": 1})
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}


def write_set(path: Path, document: dict[str, Any]) -> None:
    """Write it whole."""
    write_atomically(path, json.dumps(document).encode(), ORDINARY)


def truth_by_file(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Annotations of a COCO keypoint file by file name; pictures without people have empty lists."""
    content = json.loads(path.read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names.values()}
    for annotation in content["annotations"]:
        found[names[annotation["image_id"]]].append(annotation)
    return found


def _people(people: Iterable[Person]) -> Iterable[dict[str, Any]]:
    for person in people:
        keypoints = person.array
        drawn = keypoints[:, 2] >= DRAWN
        if drawn.sum() < MIN_KEYPOINTS:
            yield _crowd(tuple(box_of(keypoints, 0.05).tolist()))
            continue
        labelled = np.where(drawn[:, None], np.column_stack((keypoints[:, :2], np.full(17, 2.0))), 0.0)
        x, y, w, h = _xywh(tuple(box_of(np.where(drawn[:, None], keypoints, 0.0)).tolist()))
        yield {
            "keypoints": labelled.ravel().tolist(), "num_keypoints": int(drawn.sum()), "bbox": [x, y, w, h],
            "area": round(w * h, 1), "iscrowd": 0, "fused": keypoints.ravel().tolist(), "lies": person.lies,
        }  # fmt: skip


def _with_truth(one: Labelled, known: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Annotated people; for those annotated without keypoints the teacher's answer, else a doubtful region."""
    for annotation in known:
        x, y, w, h = annotation["bbox"]
        if annotation.get("num_keypoints") and not annotation.get("iscrowd"):
            keypoints = np.reshape(np.asarray(annotation["keypoints"], float), (17, 3))
            fused = np.column_stack((keypoints[:, :2], keypoints[:, 2] > 0))
            yield {**annotation, "fused": fused.ravel().tolist(), "lies": lies(fused)}
            continue
        box = np.array((x, y, x + w, y + h))
        matches = [p for p in one.sight.people if overlap(box_of(p.array, DRAWN), box) > 0.3]
        people = [] if annotation.get("iscrowd") else list(_people(matches[:1]))
        yield from people or [_crowd((x, y, x + w, y + h))]


def _crowd(box: Box) -> dict[str, Any]:
    x, y, w, h = _xywh(box)
    return {"keypoints": [0] * 51, "num_keypoints": 0, "bbox": [x, y, w, h], "area": round(w * h, 1), "iscrowd": 1}


def _xywh(box: Box) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return round(x0, 1), round(y0, 1), round(max(x1 - x0, 1.0), 1), round(max(y1 - y0, 1.0), 1)
