"""Keypoints of one person's crop, by each of the networks that read crops.

A reader takes a crop, uint8 (256, 256, 3) BGR, and gives Keypoints in crop pixels. `both_ways` asks it about the
mirror image too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from edgepose.decode import group
from edgepose.skeleton import BODYPOSENET_18, COCO_17
from edgepose.training.teacher.body import FLIP, Keypoints
from edgepose.training.teacher.crop import SIDE
from edgepose.training.teacher.dense import mirror_maps
from edgepose.training.teacher.networks import open_network
from edgepose.types import Image

Reader = Callable[[Image], Keypoints]

AGREE_PX = 12.0
"""Two looks at one crop that are further apart are two opinions."""
TO_COCO = list(BODYPOSENET_18.mapping_to(COCO_17))
N_HEATMAPS = BODYPOSENET_18.n_keypoints + 1
ALIKE_PX = 20.0
"""Two readers mean one person when their keypoints are about this near, crop pixels."""


def both_ways(reader: Reader, crop: Image) -> Keypoints:
    """The mean of what a reader says about a crop and about its mirror image.

    Where the two are more than AGREE_PX apart the stronger one stands, at half its score.
    """
    one, other = reader(crop), reader(np.ascontiguousarray(crop[:, ::-1]))[FLIP]
    other[:, 0] = SIDE - 1 - other[:, 0]
    seen = np.column_stack((one[:, 2] > 0, other[:, 2] > 0))
    apart = (np.hypot(*(one - other)[:, :2].T) > AGREE_PX) | ~seen.all(1)
    stronger = np.where((one[:, 2] > other[:, 2])[:, None], one, other) * (1, 1, 0.5)
    return np.where(apart[:, None], stronger, (one + other) / 2)


def thunder(path: Path, threads: int = 1) -> Reader:
    """MoveNet SinglePose Thunder: one person in a square; its score can be trusted."""
    run = open_network(path, ("Identity:0",), threads)

    def read(crop: Image) -> Keypoints:
        rgb = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
        y, x, score = run(rgb[None].astype(np.int32))["Identity:0"][0, 0].astype(np.float64).T
        return np.column_stack((x * SIDE - 0.5, y * SIDE - 0.5, score))

    return read


def fields(path: Path, threads: int = 1) -> Callable[[Image], list[Keypoints]]:
    """Lightweight OpenPose: everybody in the square, by the mean of its maps of the crop and of the mirror image."""
    run = open_network(path, ("heatmaps", "pafs"), threads)

    def read(crop: Image) -> list[Keypoints]:
        both = np.stack((crop, crop[:, ::-1])).transpose(0, 3, 1, 2)
        seen = run(np.ascontiguousarray(both, np.float32))
        maps = np.concatenate((seen["heatmaps"], seen["pafs"]), 1)
        mean = np.float32(0.5) * (maps[0] + mirror_maps(maps[1], BODYPOSENET_18))
        poses = group(mean[:N_HEATMAPS], mean[N_HEATMAPS:], skeleton=BODYPOSENET_18)
        return [np.nan_to_num(pose.keypoints[TO_COCO].astype(np.float64)) for pose in poses]

    return read


def like(people: Sequence[Keypoints], wanted: Keypoints) -> Keypoints:
    """Of the people in a crop the one that another reader's keypoints mean; all zero when there is none.

    Every keypoint counts by both scores and by how near they are, in crop pixels.
    """

    def likeness(one: Keypoints) -> float:
        near = np.exp(-0.5 * ((one - wanted)[:, :2] ** 2).sum(1) / ALIKE_PX**2)
        return float((near * one[:, 2] * wanted[:, 2]).sum())

    return max(people, key=likeness, default=np.zeros((17, 3)))
