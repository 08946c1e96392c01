"""One-euro smoothing of keypoints: calm when somebody stands still, without lag when they move.

Casiez, Roussel and Vogel, "1 € Filter", CHI 2012. All people and keypoints are filtered in one array operation.
Speeds are in body diagonals per second, so that the same numbers fit every resolution and distance.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgepose.types import FloatArray

SPEED_CUTOFF_HZ = 4.0  # of the speed that steers the filter
FORGET_S = 0.25  # a keypoint unseen for longer starts afresh


def smooth(
    measured: FloatArray,
    filtered: FloatArray,
    speed: FloatArray,
    size_px: FloatArray,
    dt_s: NDArray[np.float64],
    min_cutoff_hz: float,
    speed_cutoff: float,
) -> tuple[FloatArray, FloatArray]:
    """Next filtered positions and speeds.

    measured, filtered, speed: (2, N, K), px, px and px/s; NaN is absent. size_px: (N,) body diagonals.
    dt_s: (N, K) seconds since each keypoint was last seen. An absent keypoint stays absent; one that returns after
    FORGET_S starts at its measured place.
    """
    dt = np.minimum(np.maximum(dt_s, 1e-3), 1.0).astype(np.float32)
    change = measured - filtered
    fresh = (change[0] != change[0]) | (dt >= FORGET_S)  # (N, K)
    new_speed = speed + _weight(SPEED_CUTOFF_HZ, dt) * (change / dt - speed)
    np.copyto(new_speed, 0, where=fresh)
    cutoff = min_cutoff_hz + (speed_cutoff / size_px)[:, None] * np.abs(new_speed)
    place = filtered + _weight(cutoff, dt) * change
    np.copyto(place, measured, where=fresh)
    return place, new_speed


def _weight(cutoff_hz: FloatArray | float, dt_s: FloatArray) -> FloatArray:
    """Share of the new value in a first-order low-pass filter."""
    turn = 2 * math.pi * cutoff_hz * dt_s
    share: FloatArray = turn / (turn + 1)
    return share
