"""Whether a set's labels mean what COCO's mean: how well a network that never saw it agrees.

    python -m research.rendered.check SET --thunder movenet-thunder.onnx [--people 300]

MoveNet Thunder reads each person's box (x 1.25) at four turns; the turn with the best mean score counts. OKS is COCO's,
over the keypoints that are seen.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepose.annotations import Person, locate, read_annotations, read_place
from edgepose.skeleton import COCO_17
from edgepose.training.teacher.crop import around, cut, to_picture
from edgepose.training.teacher.read import Reader, thunder
from research.rendered.visibility import VISIBLE

MARGIN = 1.25
TURNS_DEG = (0.0, 90.0, 180.0, 270.0)
MIN_SEEN = 8


def main(argv: Sequence[str] | None = None) -> int:
    """Prints medians as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--thunder", type=Path, required=True)
    parser.add_argument("--people", type=int, default=300)
    args = parser.parse_args(argv)
    read = thunder(args.thunder)
    rows: list[tuple[str, float]] = []
    path = args.set / "annotations.json"
    poses = {f"annotation {one['id']}": one["pose"] for one in json.loads(path.read_bytes())["annotations"]}
    for picture, place in locate(read_annotations(path), str(args.set / "images")):
        image = read_place(place)
        for person in picture.people:
            if np.count_nonzero(person.keypoints[:, 2] == VISIBLE) >= MIN_SEEN and len(rows) < args.people:
                rows.append((poses[person.name.split(" of ")[0]], agreement(person, look(read, image, person))))
    report = {"all": summary([value for _, value in rows])}
    for family in sorted({family for family, _ in rows}):
        report[family] = summary([value for one, value in rows if one == family])
    print(json.dumps(report, indent=2))
    return 0


def look(read: Reader, image: NDArray[np.uint8], person: Person) -> NDArray[np.float64]:
    """float64 (17, 3): what the network sees in a person's box, at the turn of which it is surest."""
    x, y, w, h = person.box_xywh
    box = np.array([x, y, x + w, y + h])
    crops = [around(box, MARGIN, turn) for turn in TURNS_DEG]
    best = max(((read(cut(image, crop)), crop) for crop in crops), key=lambda seen: float(seen[0][:, 2].mean()))
    return to_picture(*best)


def agreement(person: Person, seen: NDArray[np.float64]) -> float:
    """OKS over the keypoints in sight (COCO: exp(-d^2 / (2 area (2 sigma)^2)))."""
    counted = person.keypoints[:, 2] == VISIBLE
    off2 = ((person.keypoints[:, :2] - seen[:, :2]) ** 2).sum(1)
    oks = np.exp(-off2 / (2 * person.area * (2 * COCO_17.sigma_array) ** 2))
    return float(oks[counted].mean())


def summary(values: list[float]) -> dict[str, float]:
    """How many people, median OKS, share above .5."""
    array = np.array(values)
    if not len(array):
        return {"people": 0}
    return {
        "people": len(array),
        "median_oks": round(float(np.median(array)), 3),
        "above_half": round(float((array > 0.5).mean()), 3),
    }


if __name__ == "__main__":
    sys.exit(main())
