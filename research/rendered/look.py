"""Draws a set's labels in sheets, to look at them.

    python -m research.rendered.look SET -o SHEETS [--first 0] [--count 18]

Yellow keypoints are seen, red ones hidden; left limbs are green.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepose.annotations import LabelledPicture, locate, read_annotations, read_place

TILE_WH = (480, 360)
LIMBS = (
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
    (5, 6),
    (11, 12),
    (5, 11),
    (6, 12),
    (0, 1),
    (0, 2),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes sheets of 3 x 3 pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=18)
    args = parser.parse_args(argv)
    located = locate(read_annotations(args.set / "annotations.json"), str(args.set / "images"))
    args.out.mkdir(parents=True, exist_ok=True)
    tiles = [
        _tile(draw(read_place(place), picture))
        for picture, place in itertools.islice(located, args.first, args.first + args.count)
    ]
    for k in range(0, len(tiles), 9):
        nine = tiles[k : k + 9] + [np.zeros_like(tiles[0])] * (9 - len(tiles[k : k + 9]))
        rows = [np.hstack(nine[r : r + 3]) for r in (0, 3, 6)]
        cv2.imwrite(str(args.out / f"sheet-{args.first + k:05d}.png"), np.vstack(rows))
    return 0


def draw(image: NDArray[np.uint8], picture: LabelledPicture) -> NDArray[np.uint8]:
    """The picture with its people's keypoints and boxes."""
    out = image.copy()
    for person in picture.people:
        x, y, w, h = (round(v) for v in person.box_xywh)
        cv2.rectangle(out, (x, y), (x + w, y + h), (255, 0, 255), 1)
        points = person.keypoints
        for a, b in LIMBS:
            if points[a, 2] and points[b, 2]:
                ends = [tuple(int(v) for v in np.rint(points[k, :2])) for k in (a, b)]
                cv2.line(out, *ends, (0, 255, 0) if a % 2 else (255, 128, 0), 1, cv2.LINE_AA)
        for px, py, seen in points[points[:, 2] > 0]:
            cv2.circle(out, (round(px), round(py)), 2, (0, 255, 255) if seen == 2 else (0, 0, 255), -1)
    return out


def _tile(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(TILE_WH[0] / image.shape[1], TILE_WH[1] / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    out = np.zeros((TILE_WH[1], TILE_WH[0], 3), np.uint8)
    out[: small.shape[0], : small.shape[1]] = small
    return out


if __name__ == "__main__":
    sys.exit(main())
