"""Lists the pictures that edgepose-lite is trained on: `python prepare_edgepose_lite.py SHARED/photos OUT`.

SHARED/photos holds manifest.json, annotations/ and images/ of the development material. Only pictures whose licence
allows it are taken (MIT, Debian, CC BY, CC BY-SA, no known restrictions); photos with ground truth that are not among
them stay aside for validation. With --all, photos of every licence and some of Leeds Sports Pose Extended come too, to
measure what they add. UP-Fall and UR Fall Detection are never taken: they judge (benchmarks/floor_people.py).
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

CLEAN = {"CC BY 2.0", "CC BY-SA 2.0", "no known restrictions", "MIT", "Debian main (opencv-doc)"}
N_SPORTS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    for name, chosen in lists.items():
        write(args.out / f"{name}.json", chosen, args.photos)
    ids = {image["id"] for image in kept}
    truth |= {"images": kept, "annotations": [a for a in truth["annotations"] if a["image_id"] in ids]}
    (args.out / "validation.json").write_text(json.dumps(truth))


def write(path: Path, items: list[dict[str, Any]], root: Path) -> None:
    """A COCO-style list of pictures without people's annotations; file names become absolute."""
    images = [
        {
            "id": i + 1,
            "file_name": str((root / item["file"]).resolve()),
            **{key: item[key] for key in ("width", "height", "licence", "source")},
        }
        for i, item in enumerate(items)
    ]
    path.write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    print(f"{path.name}: {len(images)} pictures")


if __name__ == "__main__":
    main()
