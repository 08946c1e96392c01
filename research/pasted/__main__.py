"""Paste people into places without anybody: python -m research.pasted OUT --people SET... --rooms SET... --heavy FILE

OUT gets images/ and annotations.json (COCO keypoints, 2 seen, 1 covered). The sets are those that
edgepose/training/recipes/prepare_edgepose_lite_fused.py writes; each picture of --rooms gives a place where it has one
without anybody. FILE is pose_landmark_heavy.tflite of @mediapipe/pose.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from edgepose.errors import EdgePoseError
from edgepose.files import ORDINARY, write_atomically
from edgepose.types import Image
from research.pasted.cutout import CutOut, Masks
from research.pasted.paste import Pasted, cover, decoy, paste
from research.pasted.sources import Labelled, people_of, place_in, read_sets, sized
from research.rendered.annotate import category
from research.rendered.sensor import develop, jpeg_quality

LYING = 0.65
"""Share of the people who lie in their own picture."""
COVERED, WITH_DECOY, INFRARED = 0.35, 0.3, 0.12


def main(argv: Sequence[str] | None = None) -> int:
    """0 when the set is there, 1 with one sentence on stderr when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=Path, nargs="+", required=True)
    parser.add_argument("--rooms", type=Path, nargs="+", required=True)
    parser.add_argument("--heavy", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    try:
        people = list(people_of(read_sets(args.people), Masks(args.heavy)))
        rooms = [place for one in read_sets(args.rooms) if (place := place_in(one, rng)) is not None]
        print(
            f"{len(people)} people, {sum(person.lies for _, person in people)} lying; {len(rooms)} places", flush=True
        )
        write(args.out, people, rooms, args.pictures, rng)
    except EdgePoseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def write(
    out: Path, people: Sequence[tuple[Labelled, CutOut]], rooms: Sequence[Image], pictures: int, rng: Generator
) -> None:
    """All pictures, and after them the annotations."""
    by_posture = [[one for one in people if one[1].lies == lying] for lying in (False, True)]
    images: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    credits: dict[str, str] = {}
    for number in range(pictures):
        room = sized(rooms[int(rng.integers(len(rooms)))], rng)
        picture, pasted = compose(room, by_posture, rng, credits)
        picture = np.asarray(develop(picture, rng, infrared=rng.random() < INFRARED), np.uint8)
        name = f"{number:06d}.jpg"
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality(rng)])[1]
        write_atomically(out / "images" / name, data.tobytes(), ORDINARY, durable=False)
        h, w = picture.shape[:2]
        images.append({"id": number + 1, "file_name": name, "width": w, "height": h})
        rows += [{**row_of(one), "id": len(rows) + k + 1, "image_id": number + 1} for k, one in enumerate(pasted)]
    document = {"images": images, "annotations": rows, "categories": [category()], "credits": credits}
    write_atomically(out / "annotations.json", json.dumps(document).encode(), ORDINARY)
    print(f"{len(images)} pictures, {len(rows)} people")


def compose(
    room: Image, by_posture: Sequence[Sequence[tuple[Labelled, CutOut]]], rng: Generator, credits: dict[str, str]
) -> tuple[Image, list[Pasted]]:
    """The place with one to three people in it."""
    picture, taken = room.copy(), np.zeros(room.shape[:2], np.float32)
    if rng.random() < WITH_DECOY:
        decoy(picture, rng)
    found: list[Pasted] = []
    for _ in range(int(rng.choice((1, 2, 3), p=(0.5, 0.35, 0.15)))):
        group = by_posture[int(rng.random() < LYING)] or by_posture[0] or by_posture[1]
        labelled, person = group[int(rng.integers(len(group)))]
        one = paste(picture, person, rng, taken)
        if one is None:
            continue
        taken = np.maximum(taken, one.alpha)
        credits[labelled.source] = labelled.licence
        if rng.random() < COVERED and not (found and (found[-1].alpha * one.alpha).any()):
            one = cover(picture, room, one, rng) or one
        found.append(one)
    return picture, found


def row_of(pasted: Pasted) -> dict[str, Any]:
    """COCO's record, without its numbers."""
    seen = pasted.alpha > 0.5
    ys, xs = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    x, y = int(xs[0]), int(ys[0])
    keypoints = np.where(pasted.keypoints[:, 2:] > 0, pasted.keypoints, 0.0)
    return {
        "category_id": 1, "iscrowd": 0, "area": int(seen.sum()),
        "bbox": [x, y, int(xs[-1]) - x + 1, int(ys[-1]) - y + 1],
        "num_keypoints": int(np.count_nonzero(keypoints[:, 2])),
        "keypoints": [round(float(v), 2) for v in keypoints.reshape(-1)],
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
