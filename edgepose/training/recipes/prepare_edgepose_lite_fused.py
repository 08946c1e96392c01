"""Sets of edgepose-lite-fused: `python prepare_edgepose_lite_fused.py SHARED/photos LABELS.json.gz OUT`.

LABELS are the fused teacher's (python -m edgepose.training.teacher); SHARED/photos holds manifest.json, annotations/
and images/ of the development material. Writes photos.json (single photos and events), frames.json (frames of videos)
and exercise.json, whose people have chances, with COCO's truth where there is any, and validation.json: the photos with
truth whose licence forbids teaching.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edgepose.training.teacher.coco_set import coco_set, truth_by_file, write_set
from edgepose.training.teacher.labels import read_labels

SETS = {"photos": ("photos", "coco_free", "events"), "frames": ("frames", "intel"), "exercise": ("exercise",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    labels, folder = read_labels(args.labels), args.photos.resolve()
    truth_file = folder / "annotations/coco_gt_keypoints17.json"
    truth = truth_by_file(truth_file)
    for name, places in SETS.items():
        chosen = {sha: one for sha, one in labels.pictures.items() if Path(one.file).parts[1] in places}
        document = coco_set(chosen, folder, truth)
        write_set(args.out / f"{name}.json", document)
        people = sum(not annotation["iscrowd"] for annotation in document["annotations"])
        print(f"{name}.json: {len(document['images'])} pictures, {people} people")
    kept = validation(folder, truth_file)
    write_set(args.out / "validation.json", kept)
    print(f"validation.json: {len(kept['images'])} pictures")


def validation(folder: Path, truth_file: Path) -> dict[str, list[dict[str, object]]]:
    """The truth of photos that may not teach."""
    may_teach = {row["file"] for row in json.loads((folder / "manifest.json").read_text()) if row["may_teach"]}
    content = json.loads(truth_file.read_text())
    images = [image for image in content["images"] if image["file_name"] not in may_teach]
    ids = {image["id"] for image in images}
    people = [person for person in content["annotations"] if person["image_id"] in ids]
    return {**content, "images": images, "annotations": people}


if __name__ == "__main__":
    main()
