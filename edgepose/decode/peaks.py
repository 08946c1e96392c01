"""Step 1 of grouping: local maxima of the keypoint heatmaps, placed between the cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.types import FloatArray


class Peaks(NamedTuple):
    """P peaks, ordered by keypoint, then row, then column.

    keypoint: int (P,) which keypoint. xy: float32 (P, 2) in pixels of the network input. score: float32 (P,), 0 to 1.
    """

    keypoint: NDArray[np.int_]
    xy: FloatArray
    score: FloatArray


def find_peaks(heatmaps: FloatArray, stride: float, threshold: float) -> Peaks:
    """Cells above `threshold` that no 8-neighbour exceeds, moved to the top of a parabola through the neighbours.

    heatmaps: float32 (K, h, w). Of equal neighbours the first in reading order is the peak; NaN is never a peak and
    counts as lower than anything. A parabola per axis gives the offset, at most half a cell, and the height.
    """
    lowest = np.float32(-np.inf)
    padded = np.pad(np.where(np.isnan(heatmaps), lowest, heatmaps), ((0, 0), (1, 1), (1, 1)), constant_values=lowest)
    _, h, w = heatmaps.shape
    centre = padded[:, 1:-1, 1:-1]

    def shifted(dy: int, dx: int) -> FloatArray:
        return padded[:, 1 + dy : 1 + dy + h, 1 + dx : 1 + dx + w]

    is_peak = centre > np.float32(threshold)
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1)):
        is_peak &= (centre > shifted(dy, dx)) & (centre >= shifted(-dy, -dx))
    keypoint, row, column = np.nonzero(is_peak)
    at = (keypoint, row, column)
    value = centre[at]
    dx, rise_x = _parabola(shifted(0, -1)[at], value, shifted(0, 1)[at])
    dy, rise_y = _parabola(shifted(-1, 0)[at], value, shifted(1, 0)[at])
    scale = np.float32(stride)
    half = np.float32(0.5)
    xy = np.stack([(column + half + dx) * scale - half, (row + half + dy) * scale - half], axis=1)
    return Peaks(keypoint, xy.astype(np.float32), np.minimum(value + rise_x + rise_y, np.float32(1)))


def _parabola(before: FloatArray, value: FloatArray, after: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Offset of the top from the middle, in cells, and its height above `value`; zero at the border of the map."""
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.float32(0.5) * (after - before)
        curve = (value - before) + (value - after)
        offset = slope / curve
        offset = np.where(np.abs(offset) <= np.float32(0.5), offset, np.float32(0))
        rise = np.float32(0.5) * slope * offset
        rise = np.where(np.isfinite(rise), rise, np.float32(0))
    return offset, rise
