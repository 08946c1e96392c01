"""Bounded memory for ranges: a histogram of absolute values that widens as larger values arrive.

One pass over the pictures is enough, and what is kept of 500 of them is a few kilobytes per tensor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepose.types import FloatArray

N_BINS = 4096
"""Even, so that widening merges pairs; at least half of the bins lie below the largest value seen."""
_BLOCK = 1 << 15
FLOAT32_MAX = float(np.finfo(np.float32).max)


class Histogram:
    """How often each size of |value| occurred in one tensor.

    counts: int64 (N_BINS,); bin k covers [k, k + 1) * bin_width. limit: upper end of the last bin, 0 before any value.
    amax: largest |value| seen.
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(N_BINS, np.int64)
        self.limit = 0.0
        self.amax = 0.0

    @property
    def bin_width(self) -> float:
        return self.limit / N_BINS

    def add(self, values: FloatArray) -> None:
        """Count the values of a tensor of any shape; ValueError when one is not finite."""
        flat = values.ravel()
        largest = max(float(flat.max(initial=0.0)), -float(flat.min(initial=0.0)))
        if not np.isfinite(largest):
            raise ValueError("a value that is not finite")
        self._widen(largest)
        self.amax = max(self.amax, largest)
        if self.limit == 0.0:
            self.counts[0] += flat.size
            return
        counts = np.zeros(N_BINS + 1, np.int64)
        sizes, bins = np.empty(_BLOCK, flat.dtype), np.empty(_BLOCK, np.intp)
        for start in range(0, flat.size, _BLOCK):  # billions of values come by here: few passes, within the CPU's cache
            block = flat[start : start + _BLOCK]
            counts += self._counted(block, sizes[: block.size], bins[: block.size])
        counts[N_BINS - 1] += counts[N_BINS]  # the limit itself belongs to the last bin
        self.counts += counts[:N_BINS]

    def _counted(self, block: FloatArray, sizes: FloatArray, bins: NDArray[np.intp]) -> NDArray[np.int64]:
        """int64 (N_BINS + 1,): the last for the limit. sizes, bins: scratch memory as long as the block."""
        np.abs(block, out=sizes)
        bins_per_unit = N_BINS / self.limit
        if bins_per_unit > FLOAT32_MAX:  # the tiniest limits
            np.divide(sizes, self.limit, out=sizes)
            bins_per_unit = N_BINS
        np.multiply(sizes, bins_per_unit, out=sizes)
        np.copyto(bins, sizes, casting="unsafe")
        return np.bincount(bins, minlength=N_BINS + 1)

    def _widen(self, largest: float) -> None:
        """Make room for `largest`: double the width and merge neighbours until it fits."""
        if self.limit == 0.0:
            self.limit = largest
            return
        while largest > self.limit:
            merged = self.counts.reshape(-1, 2).sum(1)
            self.counts = np.concatenate([merged, np.zeros(N_BINS // 2, np.int64)])
            self.limit *= 2.0

    @classmethod
    def restored(cls, counts: NDArray[np.int64], limit: float, amax: float) -> Histogram:
        """The histogram that had these counts, upper limit and largest value."""
        histogram = cls()
        histogram.counts = counts.astype(np.int64)
        histogram.limit, histogram.amax = float(limit), float(amax)
        return histogram
