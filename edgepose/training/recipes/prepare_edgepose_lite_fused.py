"""Sets of edgepose-lite-fused.

    prepare_edgepose_lite_fused.py SHARED/photos LABELS.json.gz OUT [--rendered DIR] [--pasted DIR]

LABELS are the fused teacher's (python -m edgepose.training.teacher); SHARED/photos holds manifest.json, annotations/
and images/ of the development material. Writes photos.json (single photos and events), frames.json (frames of videos in
which somebody is) and exercise.json, whose people have chances, with COCO's truth where there is any; out of these,
whole.json (photos with somebody upright from head to feet) and lying.json (frames and exercises with somebody lying);
empty.json, photos without anybody; kept.json, a sixteenth of all, by their digests, that is in none of the others; and
validation.json: the photos with truth whose licence forbids teaching.

DIR holds images/ and annotations.json of rendered (research/rendered) or pasted people (research/pasted): rendered.json
and pasted.json give their keypoints chances, HIDDEN for those that COCO labels as hidden, so that what furniture covers
is learned with less weight.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.skeleton import COCO_17
from edgepose.training.teacher.body import lies
from edgepose.training.teacher.coco_set import DRAWN, coco_set, truth_by_file, write_set
from edgepose.training.teacher.labels import Labelled, read_labels

SETS = {"photos": ("photos", "coco_free", "events"), "frames": ("frames", "intel"), "exercise": ("exercise",)}
EMPTY = ("photos", "coco_free")
"""Only these: on some frames of rooms where no teacher saw anybody, somebody lies."""
LEGS = [COCO_17.index(f"{side}_{joint}") for side in "lr" for joint in ("knee", "ankle")]
VISIBLE, HIDDEN = 0.95, 0.45
LARGE = 0.25
"""A whole person is at least this share of the picture's height."""

Document = dict[str, Any]
Rows = Sequence[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rendered", type=Path)
    parser.add_argument("--pasted", type=Path)
    args = parser.parse_args()
    made_here = ("rendered", args.rendered), ("pasted", args.pasted)
    labels, folder = read_labels(args.labels), args.photos.resolve()
    truth_file = folder / "annotations/coco_gt_keypoints17.json"
    truth = truth_by_file(truth_file)
    sets = {name: coco_set(_of(labels.pictures, places), folder, truth) for name, places in SETS.items()}
    documents = {"kept": _merged([subset(one, lambda image, _: is_kept(image)) for one in sets.values()])}
    learned = {name: subset(one, lambda image, _: not is_kept(image)) for name, one in sets.items()}
    learned["frames"] = subset(learned["frames"], lambda _, rows: bool(rows))
    lying = [subset(learned[name], lambda _, rows: any(map(_lies, rows))) for name in ("exercise", "frames")]
    empty = subset(coco_set(_of(labels.pictures, EMPTY), folder, truth), lambda _, rows: not rows)
    documents |= learned | {
        "whole": subset(learned["photos"], lambda image, rows: any(is_whole(row, image["height"]) for row in rows)),
        "lying": _merged(lying),
        "empty": subset(empty, lambda image, _: not is_kept(image)),
        "validation": validation(folder, truth_file),
    }
    documents |= {name: made(folder.resolve()) for name, folder in made_here if folder}
    for name, document in documents.items():
        write_set(args.out / f"{name}.json", document)
        people = sum(not annotation["iscrowd"] for annotation in document["annotations"])
        print(f"{name}.json: {len(document['images'])} pictures, {people} people")


def is_kept(image: dict[str, Any]) -> bool:
    """A sixteenth of all pictures."""
    return str(image["sha256"]).startswith("0")


def is_whole(row: dict[str, Any], height: int) -> bool:
    """Knees and ankles are sure, the person is upright and not small."""
    fused = row.get("fused", ())
    upright = len(fused) == 51 and not row["lies"] and row["bbox"][3] > LARGE * height
    return upright and all(fused[3 * k + 2] >= DRAWN for k in LEGS)


def subset(document: Document, wanted: Callable[[dict[str, Any], Rows], bool]) -> Document:
    """The pictures for which wanted(image, its annotations) is true."""
    rows: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in document["images"]}
    for annotation in document["annotations"]:
        if annotation["image_id"] in rows:
            rows[annotation["image_id"]].append(annotation)
    images = [image for image in document["images"] if wanted(image, rows[image["id"]])]
    return {**document, "images": images, "annotations": [row for image in images for row in rows[image["id"]]]}


def validation(folder: Path, truth_file: Path) -> Document:
    """The truth of photos that may not teach."""
    may_teach = {row["file"] for row in json.loads((folder / "manifest.json").read_text()) if row["may_teach"]}
    return subset(json.loads(truth_file.read_text()), lambda image, _: image["file_name"] not in may_teach)


def made(folder: Path) -> Document:
    """Rendered or pasted people with chances, and the rooms without anybody among them."""
    content = json.loads((folder / "annotations.json").read_text())
    there = [image for image in content["images"] if (folder / "images" / image["file_name"]).is_file()]
    images = [{**image, "file_name": str(folder / "images" / image["file_name"])} for image in there]
    chances = np.array((0.0, HIDDEN, VISIBLE))
    for row in content["annotations"]:
        keypoints = np.reshape(row["keypoints"], (17, 3))
        fused = np.column_stack((keypoints[:, :2], chances[keypoints[:, 2].astype(int)]))
        if row.get("iscrowd") or not row["num_keypoints"]:  # somebody of whom too little is seen
            row["iscrowd"] = 1
        else:
            row |= {"fused": fused.ravel().tolist(), "lies": lies(fused)}
    return subset({**content, "images": images}, lambda _, __: True)


def _of(pictures: dict[str, Labelled], places: Sequence[str]) -> dict[str, Labelled]:
    return {digest: one for digest, one in pictures.items() if Path(one.file).parts[1] in places}


def _lies(row: dict[str, Any]) -> bool:
    return bool(row.get("lies"))


def _merged(documents: Sequence[Document]) -> Document:
    """All pictures of all of them, numbered anew."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for document in documents:
        first = len(images)
        numbers = {image["id"]: first + i + 1 for i, image in enumerate(document["images"])}
        images += [{**image, "id": numbers[image["id"]]} for image in document["images"]]
        for row in document["annotations"]:
            annotations.append({**row, "id": len(annotations) + 1, "image_id": numbers[row["image_id"]]})
    return {**documents[0], "images": images, "annotations": annotations}


if __name__ == "__main__":
    main()
