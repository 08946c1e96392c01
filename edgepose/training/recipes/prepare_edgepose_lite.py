"""Lists the pictures that edgepose-lite is trained on: `python prepare_edgepose_lite.py SHARED/photos OUT`.

SHARED/photos holds manifest.json, annotations/ and images/ of the development material. Only pictures whose licence
allows it are taken (MIT, Debian, CC BY, CC BY-SA, no known restrictions); photos with ground truth that are not among
them stay aside for validation. With --all, photos of every licence, street cameras and half of Leeds Sports Pose
Extended come too, and of the fall sets what does not judge (research/floor_people.py): UP-Fall's third trials, UR
Fall Detection's daily activities.

People come along where they are known: COCO's truth, else what the teacher saw (teacher_keypoints18.json.gz: lying
people in the picture turned upright).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.skeleton import BODYPOSENET_18, COCO_17

CLEAN = {"CC BY 2.0", "CC BY-SA 2.0", "no known restrictions", "MIT", "Debian main (opencv-doc)"}
N_SPORTS = 1400
"""Of 2,800: the teacher looks at each in two to five ways, which takes a third of a second."""
NOT_JUDGED = ("urfd_adl", "Trial3")
"""Frames of the fall sets whose recordings floor_people.py does not use."""
MIN_SCORE, MIN_KEYPOINTS, MIN_MEAN = 0.2, 6, 0.35
"""The teacher's people are kept from this many keypoints of this score on, if their mean is at least the last."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--all", action="store_true", help="take photos of every licence")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    items = json.loads((args.photos / "manifest.json").read_text())
    items = [item for item in items if args.all or item["licence"] in CLEAN]
    truth = json.loads((args.photos / "annotations/coco_gt_keypoints17.json").read_text())
    kept = [image for image in truth["images"] if image["licence"] not in CLEAN]
    aside = {image["file_name"] for image in kept}
    lists = {
        "photos": [item for item in items if "/photos/" in item["file"] and item["file"] not in aside],
        "street": [item for item in items if "vtest" in item["source"]],
        "falls": [item for item in items if item["source"] == "GMDCSA24"],
    }
    if args.all:
        sports = [item for item in items if "/lspet/" in item["file"]]
        random.Random(0).shuffle(sports)
        lists["sports"] = sports[:N_SPORTS]
        lists["street"] += [item for item in items if item["source"].startswith("CCTV")]
        lists["falls"] += [item for item in items if any(part in item["file"] for part in NOT_JUDGED)]
    people = known_people(args.photos, truth)
    for name, chosen in lists.items():
        write(args.out / f"{name}.json", chosen, args.photos, people)
    ids = {image["id"] for image in kept}
    truth |= {"images": kept, "annotations": [a for a in truth["annotations"] if a["image_id"] in ids]}
    (args.out / "validation.json").write_text(json.dumps(truth))


def known_people(photos: Path, truth: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """COCO-style people by file name: truth where there is any, else the teacher's."""
    seen = json.loads(gzip.decompress((photos / "annotations/teacher_keypoints18.json.gz").read_bytes()))
    people: dict[str, list[dict[str, Any]]] = {}
    names = {image["id"]: image["file_name"] for image in seen["images"]}
    for annotation in seen["annotations"]:
        person = person_of(np.reshape(annotation["keypoints18"], (-1, 3)))
        if person:
            people.setdefault(names[annotation["image_id"]], []).append(person)
    names = {image["id"]: image["file_name"] for image in truth["images"]}
    for name in names.values():
        people[name] = []
    for annotation in truth["annotations"]:
        people[names[annotation["image_id"]]].append(dict(annotation))
    return people


def person_of(keypoints: np.ndarray) -> dict[str, Any] | None:
    """A COCO record of 18 keypoints (x, y, score), or nothing when they are too few or too weak."""
    keypoints = np.where(keypoints[:, 2:] >= MIN_SCORE, keypoints, 0.0)
    found = keypoints[:, 2] > 0
    if found.sum() < MIN_KEYPOINTS or keypoints[found, 2].mean() < MIN_MEAN:
        return None
    (x0, y0), (x1, y1) = keypoints[found, :2].min(0), keypoints[found, :2].max(0)
    coco = keypoints[list(BODYPOSENET_18.mapping_to(COCO_17))]
    coco[:, 2] = 2 * (coco[:, 2] > 0)
    box = [float(x0), float(y0), float(x1 - x0), float(y1 - y0)]
    return {"keypoints": coco.ravel().tolist(), "bbox": box, "iscrowd": 0, "category_id": 1}


def write(path: Path, items: list[dict[str, Any]], root: Path, people: dict[str, list[dict[str, Any]]]) -> None:
    """A COCO-style list of pictures and their people; file names become absolute."""
    images = [
        {
            "id": i + 1,
            "file_name": str((root / item["file"]).resolve()),
            **{key: item[key] for key in ("width", "height", "licence", "source")},
        }
        for i, item in enumerate(items)
    ]
    annotations = [
        {**person, "image_id": image["id"], "id": 1000 * image["id"] + i}
        for image, item in zip(images, items, strict=True)
        for i, person in enumerate(people.get(item["file"], ()))
    ]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
    print(f"{path.name}: {len(images)} pictures, {len(annotations)} people")


if __name__ == "__main__":
    main()
