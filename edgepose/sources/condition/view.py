"""Whether a camera still looks where it looked: the structure of the scene, compared with the one that is known.

Structure is each cell against those around it, in units of how much they differ: light that is switched, dimmed, or
comes from elsewhere changes little of it. A camera that was pushed shows the same structure in another place; one that
was turned away or fell shows another altogether. Somebody before the lens hides a part, and the rest stays.
"""

from __future__ import annotations

import numpy as np

from edgepose.sources.condition.thumbnail import Thumbnail, cells
from edgepose.types import FloatArray

ALIKE = 0.15
"""Similarity below which nothing of a scene is left. Same scene, other light: 0.5 and more; three fifths of it hidden:
0.25 and more; turned by 20 degrees or pushed by a sixteenth of the width: 0.35 and less, 0.02 in the median."""

SHIFTED, GAIN = 0.6, 0.25
"""A scene that is as similar as the first elsewhere, by the second more than where it was, was pushed there."""

LEARN, LEARN_ABOVE = 0.05, 0.5
"""Share of a picture that goes into what is known, where it is similar enough: the sun goes round, chairs are moved."""

_AROUND = 5
_FLOOR = 4.0
"""Grey: what differs less is noise."""

_OVERLAP = 0.4


class View:
    """What is known of a scene. Used by one thread."""

    def __init__(self) -> None:
        self._known: FloatArray | None = None

    def is_another(self, small: Thumbnail) -> bool:
        """Whether a picture shows another scene, or the same in another place; the first one is what is known."""
        now = structure(small)
        known = self._known
        if known is None or known.shape != now.shape:
            self._known = now
            return False
        alike = similarity(known, now)
        if alike > LEARN_ABOVE:
            self._known = known + LEARN * (now - known)
        if alike < ALIKE:
            return True
        elsewhere = 0.0 if alike > 1 - GAIN else best_elsewhere(known, now)
        return elsewhere > SHIFTED and elsewhere > alike + GAIN

    def forget(self) -> None:
        """The next picture is what is known from then on."""
        self._known = None


def structure(small: Thumbnail) -> FloatArray:
    """Each cell's difference from those around it, over how much those differ: float32 (rows, columns)."""
    grey = cells(small)
    if min(grey.shape) < _AROUND:
        return np.zeros((1, 1), np.float32)
    difference = grey - _around(grey)
    spread = np.sqrt(np.maximum(_around(difference * difference), 0))
    found: FloatArray = difference / (spread + np.float32(_FLOOR))
    return found


def similarity(known: FloatArray, now: FloatArray) -> float:
    """Correlation of two structures, -1 to 1; 1 where one has none."""
    scale = float(np.sqrt((known * known).sum() * (now * now).sum()))
    return float((known * now).sum()) / scale if scale > 1e-6 else 1.0


def best_elsewhere(known: FloatArray, now: FloatArray) -> float:
    """The highest correlation of two structures where one is shifted, over an overlap of two fifths at least."""
    h, w = known.shape
    size = (2 * h, 2 * w)
    first, second = np.fft.rfft2(known, size), np.fft.rfft2(now, size)
    ones = np.fft.rfft2(np.ones_like(known), size)

    def over_shifts(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.fft.irfft2(a * b.conj(), size)

    energy = over_shifts(np.fft.rfft2(known * known, size), ones) * over_shifts(ones, np.fft.rfft2(now * now, size))
    shared = over_shifts(ones, ones) > _OVERLAP * h * w
    found = np.where(shared, over_shifts(first, second) / np.sqrt(np.maximum(energy, 1e-6)), -1.0)
    found[0, 0] = -1.0  # where it was
    return float(found.max())


def _around(grey: FloatArray) -> FloatArray:
    """Mean of the _AROUND x _AROUND cells around each."""
    sums = np.cumsum(np.cumsum(np.pad(grey, _AROUND // 2, mode="edge"), axis=0, dtype=np.float64), axis=1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    n = _AROUND
    mean: FloatArray = ((sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]) / (n * n)).astype(np.float32)
    return mean
