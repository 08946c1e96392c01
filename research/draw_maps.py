"""Draws the pictures of docs/explanation/heatmaps-and-pafs.md.

python research/draw_maps.py docs/explanation/images
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from edgepose.overlay import draw
from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs
from edgepose.types import FloatArray, Image, Pose

HW = (192, 256)
SCALE = 2
PERSON = np.array(
    [[0, -60], [0, -40], [-18, -40], [-30, -15], [-26, 8], [18, -40], [34, -50], [46, -70], [-11, 10], [-14, 40],
     [-12, 70], [11, 10], [16, 40], [22, 68], [-4, -64], [4, -64], [-9, -61], [9, -61]], np.float32,
)  # fmt: skip


def people() -> FloatArray:
    """(2, 18, 3): two people whose arms cross, in pixels."""
    left, right = PERSON + np.array((96, 100)), PERSON * (-0.9, 0.9) + np.array((172, 104))
    return np.stack([np.column_stack((xy, np.ones(len(xy)))) for xy in (left, right)]).astype(np.float32)


def enlarge(values: FloatArray) -> FloatArray:
    """Each cell becomes a square, so that the stride can be seen."""
    return np.kron(values, np.ones((8 * SCALE, 8 * SCALE), np.float32))


def painted(values: FloatArray) -> Image:
    """Heat colours for 0 to 1."""
    return cv2.applyColorMap((enlarge(values).clip(0, 1) * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)


def arrows(pafs: FloatArray, limb: int) -> Image:
    """The vectors of one limb, one arrow a cell."""
    _, _, x_channel, y_channel = SKELETON.limb_array[limb]
    field = pafs[[x_channel, y_channel]]
    picture = painted(np.sqrt((field**2).sum(0)) * 0.5)
    for y, x in np.argwhere(np.abs(field).max(0) > 0.05):
        centre = (np.array((x, y)) + 0.5) * 8 * SCALE
        tip = centre + field[:, y, x] * 7 * SCALE
        cv2.arrowedLine(
            picture, tuple(centre.astype(int).tolist()), tuple(tip.astype(int).tolist()), (255, 255, 255), 1
        )
    return picture


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    keypoints = people()
    heatmaps = draw_heatmaps(keypoints, SKELETON, HW, TargetOptions())
    pafs = draw_pafs(keypoints, SKELETON, HW, TargetOptions())
    canvas = np.full((HW[0] * SCALE, HW[1] * SCALE, 3), 40, np.uint8)
    enlarged = keypoints * np.array((SCALE, SCALE, 1), np.float32)
    wrist = SKELETON.index("l_wrist")
    forearm = SKELETON.limbs.index((SKELETON.index("l_elbow"), wrist))
    pictures = {
        "people.png": draw(canvas, [Pose(person, 1.0) for person in enlarged]),
        "heatmap-left-wrist.png": painted(heatmaps[wrist]),
        "background.png": painted(heatmaps[-1]),
        "paf-left-forearm.png": arrows(pafs, forearm),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / name), picture)


if __name__ == "__main__":
    main()
