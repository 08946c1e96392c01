"""Step 1 of grouping: local maxima of the keypoint heatmaps, placed between the cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.types import FloatArray

LOWEST = 0.01
"""Values are raised to this before their logarithm is taken: below it a heatmap is noise."""


class Peaks(NamedTuple):
    """P peaks, ordered by keypoint, then row, then column.

    keypoint: int (P,) which keypoint. xy: float32 (P, 2) in pixels of the network input. score: float32 (P,), 0 to 1.
    """

    keypoint: NDArray[np.intp]
    xy: FloatArray
    score: FloatArray


def find_peaks(heatmaps: FloatArray, stride: float, threshold: float, max_peaks: int) -> Peaks:
    """Cells above `threshold` that none of their 4 neighbours exceeds, moved to the top of a Gaussian through them.

    heatmaps: float32 (K, h, w). Of equal neighbours the first in reading order is the peak; NaN is never a peak and
    counts as lower than anything. Diagonal neighbours may both be peaks: in a crowd they often are two people.
    Per keypoint the `max_peaks` strongest stay.
    """
    missing = np.float32(-np.inf)
    padded = np.pad(np.where(np.isnan(heatmaps), missing, heatmaps), ((0, 0), (1, 1), (1, 1)), constant_values=missing)
    centre = padded[:, 1:-1, 1:-1]
    left, right = padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]
    above, below = padded[:, :-2, 1:-1], padded[:, 2:, 1:-1]
    higher = (centre > left) & (centre > above) & (centre >= right) & (centre >= below)
    at = np.nonzero((centre > np.float32(threshold)) & higher)
    keypoint, row, column = at
    dx, rise_x = _gaussian_top(left[at], centre[at], right[at])
    dy, rise_y = _gaussian_top(above[at], centre[at], below[at])
    xy = np.stack([(column + 0.5 + dx) * stride - 0.5, (row + 0.5 + dy) * stride - 0.5], axis=1).astype(np.float32)
    score = np.minimum(centre[at] * np.exp(rise_x + rise_y), 1).astype(np.float32)
    kept = _strongest(keypoint, score, max_peaks)
    return Peaks(keypoint[kept], xy[kept], score[kept])


def _gaussian_top(
    before: FloatArray, value: FloatArray, after: FloatArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offset of the top from the middle cell, at most half a cell, and the logarithm of its height over the middle.

    A Gaussian is a parabola in its logarithm, so this is exact where the network learnt Gaussians. Both are 0 where a
    neighbour is missing.
    """
    log_before, log_value, log_after = (
        np.log(np.maximum(np.where(np.isfinite(values), values, LOWEST), LOWEST), dtype=np.float64)
        for values in (before, value, after)
    )
    slope = 0.5 * (log_after - log_before)
    curve = 2 * log_value - log_before - log_after
    known = np.isfinite(before) & np.isfinite(value) & np.isfinite(after) & (curve > 0)
    offset = np.where(known, slope / np.where(known, curve, 1), 0)
    return offset, 0.5 * slope * offset


def _strongest(keypoint: NDArray[np.intp], score: FloatArray, max_peaks: int) -> NDArray[np.intp]:
    """Indices, ascending, of the `max_peaks` strongest peaks of each keypoint; the earlier of equals."""
    kept = [np.flatnonzero(keypoint == k) for k in np.unique(keypoint)]
    kept = [peaks[np.sort(np.argsort(-score[peaks], kind="stable")[:max_peaks])] for peaks in kept]
    return np.concatenate(kept) if kept else np.zeros(0, np.intp)
