"""Step 4 of grouping: fragments of one person joined across a joint that is hidden.

The network draws no field towards a keypoint that it does not see, so a raised hand in front of the shoulder cuts the
arm off. What is left lies where the bones allow it; between two people they mostly do not.
"""

from __future__ import annotations

import numpy as np

from edgepose.decode.assemble import Fragment
from edgepose.decode.peaks import Peaks
from edgepose.types import FloatArray

CORE_KEYPOINTS = 3
"""A fragment needs this many keypoints to tell how large the person is and to take others in."""
MEASURABLE = 0.11
"""Statures. Pairs that reach no further, as within the face, say little about the size of a body."""


def bridge(fragments: list[Fragment], peaks: Peaks, reach: FloatArray, limit: float) -> list[Fragment]:
    """The fragments with those of one person joined, in the same order.

    reach: float32 (K, K) statures, from `reach_of`. A core and a fragment of no more keypoints belong together when no
    pair of their keypoints lies further apart than `limit` times what the bones allow at the core's stature. The
    closest, by its widest pair, is joined first. Of a keypoint that both have, the core keeps its own.
    """
    rate = np.float32(1) / (reach * reach)
    statures2 = [_stature2(fragment, peaks, rate, reach) for fragment in fragments]
    limit2 = float(np.float32(limit) * np.float32(limit))
    candidates = []
    for i, core in enumerate(fragments):
        if len(core.peaks) < CORE_KEYPOINTS:
            continue
        for j, other in enumerate(fragments):
            stature2 = max(statures2[i], statures2[j])
            if i != j and len(other.peaks) <= len(core.peaks) and stature2 > 0:
                spread = _spread2(core, other, peaks, rate) / stature2
                if spread <= limit2:
                    candidates.append((spread, i, j))
    now_in = list(range(len(fragments)))
    for _, i, j in sorted(candidates):
        into, gone = _root(now_in, i), _root(now_in, j)
        stature2 = max(statures2[into], statures2[gone])
        if into != gone and _spread2(fragments[into], fragments[gone], peaks, rate) / stature2 <= limit2:
            now_in[gone] = into
            fragments[into].absorb(fragments[gone])
            statures2[into] = stature2
    return [fragment for i, fragment in enumerate(fragments) if now_in[i] == i]


def _root(now_in: list[int], i: int) -> int:
    while now_in[i] != i:
        i = now_in[i]
    return i


def _stature2(fragment: Fragment, peaks: Peaks, rate: FloatArray, reach: FloatArray) -> float:
    """Square of the smallest stature, in pixels, at which the bones allow the fragment's own distances."""
    keypoints = np.array(list(fragment.peaks))
    tell = reach[np.ix_(keypoints, keypoints)] > MEASURABLE
    return float(np.where(tell, _ratios2(fragment, fragment, peaks, rate), np.float32(0)).max())


def _spread2(first: Fragment, second: Fragment, peaks: Peaks, rate: FloatArray) -> float:
    """Square of the smallest stature, in pixels, at which the bones allow all distances between two fragments."""
    return float(_ratios2(first, second, peaks, rate).max())


def _ratios2(first: Fragment, second: Fragment, peaks: Peaks, rate: FloatArray) -> FloatArray:
    """Squared distance over squared reach for every pair of a keypoint of `first` and one of `second`."""
    a, b = (peaks.xy[list(fragment.peaks.values())] for fragment in (first, second))
    difference = a[:, None] - b[None]
    distance2 = difference[..., 0] * difference[..., 0] + difference[..., 1] * difference[..., 1]
    ratios2: FloatArray = distance2 * rate[np.ix_(list(first.peaks), list(second.peaks))]
    return ratios2
