"""Whether frames come often enough to judge a fall by."""

from __future__ import annotations

import math

SETTLE_S = 3.0  # time constant of the average, and the shortest time before a verdict
PAUSE_S = 10.0  # a gap this long is an interruption, no frame rate


class FrameRate:
    """Average frame rate; `poor` while it is below what a rule needs."""

    def __init__(self, min_fps: float) -> None:
        self._min_fps = min_fps
        self._first_t = self._last_t = math.nan
        self._interval_s = math.nan
        self.poor = False

    @property
    def fps(self) -> float:
        """Frames per second; NaN before the second frame."""
        return 1 / max(self._interval_s, 1e-6)

    def update(self, t: float) -> bool:
        """Take in a frame; True when `poor` changed with it."""
        if self._first_t != self._first_t:
            self._first_t = self._last_t = t
            return False
        dt, self._last_t = t - self._last_t, t
        if dt > PAUSE_S:
            self._first_t, self._interval_s, self.poor = t, math.nan, False
            return False
        if self._interval_s != self._interval_s:
            self._interval_s = dt
        self._interval_s += (dt - self._interval_s) * (1 - math.exp(-dt / SETTLE_S))
        was, self.poor = self.poor, self.fps < self._min_fps and t - self._first_t >= SETTLE_S
        return was != self.poor
