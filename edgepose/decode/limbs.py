"""Step 2 of grouping: how well the part affinity fields support each pair of peaks as a limb."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.decode.peaks import Peaks
from edgepose.types import FloatArray

N_SAMPLES = 10


class Connections(NamedTuple):
    """C candidate limbs.

    limb, start, end: int (C,) limb index and peak indices. score: float32 (C,) mean PAF along the limb, 0 to 1.
    """

    limb: NDArray[np.int_]
    start: NDArray[np.int_]
    end: NDArray[np.int_]
    score: FloatArray


def score_limbs(
    peaks: Peaks,
    pafs: FloatArray,
    stride: float,
    limb_array: NDArray[np.int32],
    sample_threshold: float,
    min_support: float,
) -> Connections:
    """Every pair of peaks whose line the field follows (Cao et al. 2017, eq. 10, as a sum over samples).

    pafs: float32 (2L, h', w'). limb_array: (L, 4) start keypoint, end keypoint, x channel, y channel.
    """
    rows = []
    for limb, (start_keypoint, end_keypoint, x_channel, y_channel) in enumerate(limb_array):
        starts = np.flatnonzero(peaks.keypoint == start_keypoint)
        ends = np.flatnonzero(peaks.keypoint == end_keypoint)
        start, end = (grid.ravel() for grid in np.meshgrid(starts, ends, indexing="ij"))
        difference = peaks.xy[end] - peaks.xy[start]
        length = np.sqrt(difference[:, 0] ** 2 + difference[:, 1] ** 2)
        keep = length > 0
        start, end, difference, length = start[keep], end[keep], difference[keep], length[keep]
        unit = difference / length[:, None]
        steps = np.linspace(0, 1, N_SAMPLES, dtype=np.float32)
        points = peaks.xy[start][:, None] + difference[:, None] * steps[None, :, None]
        cells = (points + np.float32(0.5)) / np.float32(stride) - np.float32(0.5)
        along = (
            bilinear(pafs[x_channel], cells) * unit[:, None, 0] + bilinear(pafs[y_channel], cells) * unit[:, None, 1]
        )
        along = np.clip(np.nan_to_num(along, nan=0.0), 0, 1)
        support = (along > sample_threshold).mean(1)
        good = support >= min_support
        rows.append((np.full(good.sum(), limb), start[good], end[good], along.mean(1)[good]))
    limb_index, start, end, score = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Connections(limb_index, start, end, score.astype(np.float32))


def bilinear(field: FloatArray, cells: FloatArray) -> FloatArray:
    """Values of a field (h, w) at points (..., 2) given as x, y in cells; points outside take the border's value."""
    h, w = field.shape
    x = np.clip(cells[..., 0], 0, w - 1)
    y = np.clip(cells[..., 1], 0, h - 1)
    x0, y0 = x.astype(int), y.astype(int)
    x1, y1 = np.minimum(x0 + 1, w - 1), np.minimum(y0 + 1, h - 1)
    fx, fy = x - x0.astype(np.float32), y - y0.astype(np.float32)
    top = field[y0, x0] + fx * (field[y0, x1] - field[y0, x0])
    bottom = field[y1, x0] + fx * (field[y1, x1] - field[y1, x0])
    return top + fy * (bottom - top)
