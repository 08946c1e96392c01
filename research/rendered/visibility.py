"""Which keypoints are seen, which are hidden and which are out of the picture: by depth, as COCO labels them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepose.skeleton import COCO_17

OUTSIDE, HIDDEN, VISIBLE = 0, 1, 2

UNDER_SKIN_M = {
    "nose": 0.035, "eye": 0.035, "ear": 0.05, "shoulder": 0.11, "elbow": 0.08, "wrist": 0.065, "hip": 0.17,
    "knee": 0.11, "ankle": 0.085,
}  # fmt: skip
"""How far behind its own skin or clothes a keypoint may lie and still be seen, metres, for a body of 1.7 m."""
FACE = 5
"""The first keypoints belong to the face."""


def visibility(
    pixels: NDArray[np.float64],
    depths: NDArray[np.float64],
    owner: int,
    depth_map: NDArray[np.float32],
    owner_map: NDArray[np.uint8],
    height_m: float = 1.7,
) -> NDArray[np.int64]:
    """int (17,): 2 seen, 1 hidden, 0 outside, or a face that its own head hides.

    pixels: float64 (17, 2), NaN behind the camera; depths: (17,), metres along the view; maps: (H, W), what is nearest
    in each pixel and whose it is. COCO's annotators do not mark a nose, eye or ear on the back of a head, but do mark
    other hidden keypoints where they can be guessed.
    """
    h, w = depth_map.shape
    out = np.full(len(pixels), OUTSIDE)
    for k, (x, y) in enumerate(pixels):
        if not (-0.5 <= x < w - 0.5 and -0.5 <= y < h - 0.5):  # false for NaN
            continue
        column, row = int(np.rint(x)), int(np.rint(y))
        near = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        own = owner_map[near] == owner
        reach = UNDER_SKIN_M[COCO_17.keypoints[k].split("_")[-1]] * height_m / 1.7
        if (own & (depth_map[near] > depths[k] - reach)).any():
            out[k] = VISIBLE
        elif k >= FACE or owner_map[row, column] != owner:
            out[k] = HIDDEN
    return out
