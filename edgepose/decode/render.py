"""The inverse of grouping: the fields that a perfect network would give for known people.

Tests and benchmarks draw with it, keypoint scores included. Training draws the same targets for whole batches of
crops at once (`edgepose.training.data.targets`); a test holds the two together, so that what is learnt is what is
decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Fields, FloatArray

SIGMA_PX = 7.0
"""Standard deviation of a keypoint's Gaussian, input pixels (BodyPoseNet's training target)."""
LIMB_WIDTH_PX = 8.0
"""Cells nearer than this to the line of a limb carry its direction, input pixels (BodyPoseNet's training target)."""
_NEGLIGIBLE = 1e-3


def render_fields(
    people: Sequence[FloatArray],
    input_hw: tuple[int, int],
    *,
    skeleton: Skeleton = BODYPOSENET_18,
    heatmap_stride: int = 8,
    paf_stride: int = 8,
    sigma_px: float = SIGMA_PX,
    limb_width_px: float = LIMB_WIDTH_PX,
) -> Fields:
    """Fields of people given as keypoints (K, 3) in input pixels; a keypoint of score 0 is not drawn.

    Heatmaps combine people by maximum, a Gaussian as high as the keypoint's score, and end with the background channel
    1 - maximum. PAFs hold the unit vector of each limb times the lower score of its ends, averaged where people
    overlap (Cao et al. 2017, eq. 6-9).
    """
    heatmaps = render_heatmaps(people, input_hw, skeleton.n_keypoints, heatmap_stride, sigma_px)
    pafs = render_pafs(people, input_hw, skeleton, paf_stride, limb_width_px)
    return Fields(heatmaps, pafs, heatmap_stride, paf_stride)


def render_heatmaps(
    people: Sequence[FloatArray], input_hw: tuple[int, int], n_keypoints: int, stride: int, sigma_px: float = SIGMA_PX
) -> FloatArray:
    """float32 (K + 1, H / stride, W / stride): one Gaussian per keypoint, background last."""
    x, y = _cell_centres(input_hw, stride)
    maps = np.zeros((n_keypoints + 1, len(y), len(x)), np.float32)
    for keypoints in people:
        for k in np.flatnonzero(keypoints[:, 2] > 0):
            across = np.exp(-((x - keypoints[k, 0]) ** 2) / (2 * sigma_px**2))
            down = np.exp(-((y - keypoints[k, 1]) ** 2) / (2 * sigma_px**2))
            np.maximum(maps[k], keypoints[k, 2] * down[:, None] * across[None, :], out=maps[k])
    maps[maps < _NEGLIGIBLE] = 0
    maps[-1] = 1 - maps[:-1].max(0)
    return maps


def render_pafs(
    people: Sequence[FloatArray],
    input_hw: tuple[int, int],
    skeleton: Skeleton,
    stride: int,
    limb_width_px: float = LIMB_WIDTH_PX,
) -> FloatArray:
    """float32 (2L, H / stride, W / stride): the direction of each limb near its line, averaged over people."""
    x, y = _cell_centres(input_hw, stride)
    maps = np.zeros((skeleton.n_pafs, len(y), len(x)), np.float32)
    for start, end, x_channel, y_channel in skeleton.limb_array:
        n_limbs = np.zeros(maps.shape[1:], np.float32)
        for keypoints in people:
            strength = min(keypoints[start, 2], keypoints[end, 2])
            vector = keypoints[end, :2] - keypoints[start, :2]
            length = float(np.hypot(*vector))
            if strength <= 0 or length == 0:
                continue
            ux, uy = vector / length
            dx, dy = x[None, :] - keypoints[start, 0], y[:, None] - keypoints[start, 1]
            along = np.clip(dx * ux + dy * uy, 0, length)
            near = np.hypot(dx - along * ux, dy - along * uy) <= limb_width_px
            maps[x_channel] += near * (strength * ux)
            maps[y_channel] += near * (strength * uy)
            n_limbs += near
        maps[[x_channel, y_channel]] /= np.maximum(n_limbs, 1)
    return maps


def _cell_centres(input_hw: tuple[int, int], stride: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x of every column and y of every row, input pixels."""
    height, width = input_hw
    columns, rows = np.arange(width // stride, dtype=np.float64), np.arange(height // stride, dtype=np.float64)
    return (columns + 0.5) * stride - 0.5, (rows + 0.5) * stride - 0.5
