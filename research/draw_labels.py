"""Sheets of labelled pictures, to look at before training: `python research/draw_labels.py LABELS PICTURES SHEET.png`.

    python research/draw_labels.py research/labels/fused-teacher.json.gz SHARED/photos out.png --word events --only lies

Lines are limbs whose both ends have a chance of .35 or more, thick ones .6; white points are drawn in training, black
ones masked. Yellow boxes are doubtful, red ones refused. An L behind a person's chance says that the trunk lies.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import cv2
import numpy as np

from edgepose.pictures import read_image
from edgepose.training.data.anchored import SEEN
from edgepose.training.teacher.coco_set import DRAWN
from edgepose.training.teacher.labels import Labelled, read_labels
from edgepose.training.teacher.sight import Sight

LIMBS = ((5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
         (0, 1), (0, 2), (1, 3), (2, 4))  # fmt: skip
COLOURS = ((80, 255, 80), (255, 160, 60), (255, 80, 255), (255, 255, 60), (120, 160, 255))
TILE_WH, COLUMNS = (330, 250), 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--word", default="", help="only pictures whose path has this word")
    parser.add_argument("--only", choices=("some", "lies", "doubt"), help="with people, lying people, or doubts")
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chosen = [
        one for one in read_labels(args.labels).pictures.values() if args.word in one.file and fits(one, args.only)
    ]
    random.Random(args.seed).shuffle(chosen)
    tiles = [drawn(read_image(args.pictures / one.file), one.sight) for one in chosen[: args.n]]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    cv2.imwrite(str(args.sheet), np.vstack(rows))
    for i, one in enumerate(chosen[: args.n]):
        print(i // COLUMNS, i % COLUMNS, one.file)


def fits(one: Labelled, only: str | None) -> bool:
    sight = one.sight
    kinds = {"some": sight.people, "lies": [p for p in sight.people if p.lies], "doubt": sight.doubtful + sight.refused}
    return only is None or bool(kinds[only])


def drawn(image: np.ndarray, sight: Sight) -> np.ndarray:
    """uint8 tile with the people and regions of a picture."""
    scale = min(TILE_WH[0] / image.shape[1], TILE_WH[1] / image.shape[0])
    picture = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for boxes, colour in ((sight.doubtful, (0, 200, 255)), (sight.refused, (0, 0, 255))):
        for x0, y0, x1, y1 in np.multiply(boxes, scale).astype(int) if boxes else ():
            cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 1)
    for i, person in enumerate(sight.people):
        keypoints, colour = person.array, COLOURS[i % len(COLOURS)]
        at = [tuple(int(v) for v in row) for row in keypoints[:, :2] * scale]
        for a, b in LIMBS:
            chance = min(keypoints[a, 2], keypoints[b, 2])
            if chance >= DRAWN:
                cv2.line(picture, at[a], at[b], colour, 2 if chance > 0.6 else 1, cv2.LINE_AA)
        for place, chance in zip(at, keypoints[:, 2], strict=True):
            if chance >= SEEN:
                cv2.circle(picture, place, 2, (255,) * 3 if chance >= DRAWN else (0,) * 3, -1)
        text = f"{person.chance:.2f}{'L' if person.lies else ''}"
        cv2.putText(picture, text, (at[0][0], max(10, at[0][1] - 8)), 0, 0.38, colour, 1, cv2.LINE_AA)
    tile = np.zeros((TILE_WH[1], TILE_WH[0], 3), np.uint8)
    tile[: picture.shape[0], : picture.shape[1]] = picture
    return tile


if __name__ == "__main__":
    main()
