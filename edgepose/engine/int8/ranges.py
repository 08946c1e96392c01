"""From a histogram to the range [-amax, amax] that int8 covers: min-max, percentile, entropy or least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.histogram import Histogram
from edgepose.engine.int8.options import Algorithm

N_LEVELS = 128
"""Steps that symmetric int8 has on one side, zero included."""
BOTH_SIDES = 255
"""Steps that it has on both."""
SMALLEST_AMAX = 1e-6
"""A tensor that is always zero still needs a scale above zero."""


def choose_amax(
    histogram: Histogram, algorithm: Algorithm, percentile: float = 99.99, n_levels: int = N_LEVELS
) -> float:
    """The largest absolute value that int8 shall represent; anything beyond is clipped to it.

    A smaller range resolves ordinary values better and clips rare large ones. percentile: share of the values, in
    percent, that is not clipped; used by "percentile" alone. n_levels: steps from 0 to the range, both included.
    """
    if algorithm == "minmax":
        amax = histogram.amax
    elif algorithm == "percentile":
        amax = percentile_amax(histogram, percentile)
    elif algorithm == "entropy":
        amax = entropy_amax(histogram, n_levels)
    else:
        amax = mse_amax(histogram, n_levels)
    return max(amax, SMALLEST_AMAX)


def percentile_amax(histogram: Histogram, percentile: float) -> float:
    """Upper edge of the bin below which `percentile` percent of the values lie, at most the largest value seen."""
    reached = np.cumsum(histogram.counts)
    k = int(np.searchsorted(reached, reached[-1] * percentile / 100.0))
    return min((k + 1) * histogram.bin_width, histogram.amax)


def mse_amax(histogram: Histogram, n_levels: int = N_LEVELS) -> float:
    """The range with the least mean squared error between the values and their int8 versions."""
    counts = histogram.counts.astype(np.float64)
    centres = np.arange(len(counts)) + 0.5  # in bins; zeros, in bin 0, are exact whatever the range
    counts[0] = 0.0
    used = _n_used(counts)
    candidates = np.unique(np.linspace(max(1, used // 20), used, 256).astype(int)) if used else np.array([1])
    losses = []
    for n in candidates:
        step = n / (n_levels - 1)
        restored = np.minimum(np.rint(centres / step), n_levels - 1) * step
        losses.append(float(np.dot(counts, (centres - restored) ** 2)))
    return min(int(candidates[int(np.argmin(losses))]) * histogram.bin_width, histogram.amax)


def entropy_amax(histogram: Histogram, n_levels: int = N_LEVELS) -> float:
    """The range whose int8 version loses the least information, by Kullback-Leibler divergence.

    S. Migacz, "8-bit inference with TensorRT", GTC 2017: for each candidate range the clipped distribution P is
    compared with Q, the same one averaged within each int8 step. The first bin is replaced by its neighbour: zeros
    are represented exactly and would hide everything else.
    """
    counts = histogram.counts.astype(np.float64)
    counts[0] = counts[1]
    used = _n_used(counts)
    if used <= n_levels:
        return histogram.amax
    candidates = np.unique(np.linspace(n_levels, used, 256).astype(int))
    losses = [divergence(counts, int(n), n_levels) for n in candidates]
    best = int(candidates[int(np.argmin(losses))])
    return min(best * histogram.bin_width, histogram.amax)


def divergence(counts: NDArray[np.float64], n: int, n_levels: int = N_LEVELS) -> float:
    """KL(P || Q) in nats when the first `n` bins are kept and quantised to `n_levels` steps."""
    kept = counts[:n]
    clipped = kept.copy()
    clipped[-1] += counts[n:].sum()
    starts = (np.arange(n_levels) * n) // n_levels
    occupied = kept > 0
    sums = np.add.reduceat(kept, starts)
    n_occupied = np.add.reduceat(occupied.astype(np.float64), starts)
    means = sums / np.maximum(n_occupied, 1.0)
    step_of_bin = np.searchsorted(starts, np.arange(n), side="right") - 1
    quantised = np.where(occupied, means[step_of_bin], 0.0)
    p, q = clipped / clipped.sum(), quantised / max(quantised.sum(), 1e-30)
    both = p > 0
    return float(np.sum(p[both] * np.log(p[both] / np.maximum(q[both], 1e-10))))


def _n_used(counts: NDArray[np.float64]) -> int:
    """Number of bins up to the last one that holds something."""
    return int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else 0
