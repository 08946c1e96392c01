"""Step 2 of grouping: how well the part affinity fields support each pair of peaks as a limb."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.decode.peaks import Peaks
from edgepose.types import FloatArray

N_SAMPLES = 10
"""Points looked at along a limb, both ends included, as in OpenPose."""


class Connections(NamedTuple):
    """C candidate limbs, ordered by limb, then start, then end.

    limb, start, end: int (C,) limb index and peak indices. score: float32 (C,) mean PAF along the limb, 0 to 1.
    """

    limb: NDArray[np.intp]
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    score: FloatArray


def max_misses(min_support: float) -> int:
    """How many of the N_SAMPLES samples of a limb may fail to support it."""
    return int(np.floor(N_SAMPLES * (1 - min_support) + 1e-6))


@np.errstate(invalid="ignore")
def score_limbs(
    peaks: Peaks,
    pafs: FloatArray,
    stride: float,
    limb_array: NDArray[np.int32],
    sample_threshold: float,
    min_support: float,
) -> Connections:
    """Every pair of peaks whose line the field follows (Cao et al. 2017, eq. 10, as a sum over samples).

    pafs: float32 (2L, h', w'). limb_array: (L, 4) start keypoint, end keypoint, x channel, y channel. A pair is
    believed when the field along it, read from the nearest cells, is above `sample_threshold` in at least
    `min_support` of the samples; its score is the mean of the field between the cells. NaN and what points backwards
    count as 0, more than 1 as 1.
    """
    size = np.array(pafs.shape[:0:-1], np.float32)
    cells = ((peaks.xy + np.float32(0.5)) / np.float32(stride) - np.float32(0.5)).clip(0, size - 1)
    columns: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], FloatArray]] = []
    for limb, (start_keypoint, end_keypoint, x_channel, y_channel) in enumerate(limb_array):
        start, end = _pairs(peaks.keypoint, start_keypoint, end_keypoint)
        field = pafs[[x_channel, y_channel]]
        vector = cells[end] - cells[start]
        length = np.sqrt(vector[:, 0] * vector[:, 0] + vector[:, 1] * vector[:, 1])
        n_missed = np.zeros(len(start), int)
        for points in _samples(cells[start], vector):
            n_missed += ~(_dot(_nearest(field, points), vector) > np.float32(sample_threshold) * length)
        good = (n_missed <= max_misses(min_support)) & (length > 0)
        start, end, vector, length = start[good], end[good], vector[good], length[good]
        total = np.zeros(len(start), np.float32)
        for points in _samples(cells[start], vector):
            along = _dot(_between(field, points), vector) / length
            total += np.where(along > 0, np.minimum(along, np.float32(1)), np.float32(0))
        columns.append((np.full(len(start), limb), start, end, total / np.float32(N_SAMPLES)))
    limbs, starts, ends, scores = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Connections(limbs, starts, ends, scores)


def _pairs(keypoint: NDArray[np.intp], start: int, end: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Peak indices of every pair of a `start` and an `end` keypoint."""
    starts, ends = np.flatnonzero(keypoint == start), np.flatnonzero(keypoint == end)
    return np.repeat(starts, len(ends)), np.tile(ends, len(starts))


def _samples(origin: FloatArray, vector: FloatArray) -> list[FloatArray]:
    """The points (C, 2) of each of the N_SAMPLES steps from `origin` along `vector`, in cells."""
    return [origin + np.float32(i / (N_SAMPLES - 1)) * vector for i in range(N_SAMPLES)]


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]


def _nearest(field: FloatArray, points: FloatArray) -> FloatArray:
    """Vectors (C, 2) of a field (2, h, w) in the cells nearest to `points` (C, 2)."""
    column, row = (points + np.float32(0.5)).astype(int).T
    vectors: FloatArray = field[:, row, column].T
    return vectors


def _between(field: FloatArray, points: FloatArray) -> FloatArray:
    """Vectors (C, 2) of a field (2, h, w) at `points` (C, 2), bilinear between the four cells around."""
    _, h, w = field.shape
    x0, y0 = points.astype(int).T
    x1, y1 = np.minimum(x0 + 1, w - 1), np.minimum(y0 + 1, h - 1)
    fx, fy = (points - np.stack([x0, y0], axis=1).astype(np.float32)).T
    top = field[:, y0, x0] + fx * (field[:, y0, x1] - field[:, y0, x0])
    bottom = field[:, y1, x0] + fx * (field[:, y1, x1] - field[:, y1, x0])
    vectors: FloatArray = (top + fy * (bottom - top)).T
    return vectors
