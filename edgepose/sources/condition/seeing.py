"""What keeps a picture from showing anything: darkness, something before the lens, a lens out of focus.

The thresholds come from 229 photos and frames (rooms, streets, people), each also darkened, covered and blurred; the
darkest tenth a night camera gives with infrared light is far from all of them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from edgepose.sources.condition.thumbnail import Thumbnail, cells

Verdict = Literal["dark", "covered", "blurred"]

BRIGHT = (24.0, 34.0)
"""Grey that one of a hundred pixels reaches: dark below the first, until above the second. Lit dimly: 46 and more."""

DETAIL = (0.015, 0.03)
"""Share of neighbouring cells that differ by more than 4 grey: covered below. A frame has 0.19 and more, 0.06 when lit
dimly, 0.00 behind a hand or a cloth."""

SOFTNESS = (0.62, 0.52)
"""Blurred above the first, until below the second. Sharp pictures have 0.16 to 0.57, out of focus by a hundredth of the
picture's height 0.74 and more; noise hides some of it."""

_MARGIN = 8
"""A clock or name that the camera writes stands within this part of the height, above or below: it is left out."""

_FACE, _NOISE = 4.0, 3.0
"""Grey."""

_STEP, _ROWS = 9, 8


def verdict(small: Thumbnail, before: Verdict | None = None) -> Verdict | None:
    """What is wrong with a picture, the gravest alone; None where it is well.

    before: what was wrong with the last one, for which the way back is longer.
    """
    edge = small.shape[0] // _MARGIN
    middle = small[edge : small.shape[0] - edge]
    if np.percentile(middle[::4, ::4], 99) < BRIGHT[before == "dark"]:
        return "dark"
    if detail(middle) < DETAIL[before == "covered"]:
        return "covered"
    return "blurred" if softness(middle) > SOFTNESS[before == "blurred"] else None


def detail(small: Thumbnail) -> float:
    """Share of neighbouring cells that are told apart, 0 to 1; 1 for a picture too small to say."""
    grey = cells(small)
    if min(grey.shape) < 2:
        return 1.0
    across, down = np.abs(np.diff(grey, axis=1)) > _FACE, np.abs(np.diff(grey, axis=0)) > _FACE
    return float((across.sum() + down.sum()) / (across.size + down.size))


def softness(small: Thumbnail) -> float:
    """How little of the differences between neighbours is lost by blurring on, 0 (sharp) to 1; 0 where none stand out.

    Crete et al., The blur effect (2007), along rows. Each row is the mean of eight and small differences are left out,
    which calms noise: it is sharp, whatever the lens is.
    """
    n = small.shape[0] // _ROWS * _ROWS
    if n == 0 or small.shape[1] <= _STEP:
        return 0.0
    rows = small[:n].reshape(n // _ROWS, _ROWS, -1).mean(1, dtype=np.float32)
    sums = np.cumsum(np.pad(rows, ((0, 0), (_STEP // 2 + 1, _STEP // 2)), mode="edge"), axis=1)
    before = np.abs(np.diff(rows, axis=1))
    after = np.abs(np.diff(sums[:, _STEP:] - sums[:, :-_STEP], axis=1)) / _STEP
    stands_out = before > _NOISE
    total = float(before[stands_out].sum())
    return 1 - float(np.maximum(0, before - after)[stands_out].sum()) / total if total > 0 else 0.0
