"""The seconds in which a camera was watched: a stream that pauses starts no clock and ends nothing."""

from __future__ import annotations

import math

PAUSE_S = 1.0  # between two frames; what is longer counts as this much, for nobody watched meanwhile


class Watch:
    """A clock that stands still while no frames come.

    t: monotonic second of the last frame. now: seconds watched until then, never less than before. paused_s: how long
    nobody watched just before the last frame.
    """

    def __init__(self) -> None:
        self.t = -math.inf
        self.now = self.paused_s = 0.0

    def update(self, t: float) -> None:
        """Take in the second of a frame; one before the last counts as the last."""
        gap_s = t - self.t
        if gap_s <= 0:
            self.paused_s = 0.0
            return
        self.now += min(gap_s, PAUSE_S) if math.isfinite(gap_s) else 0.0
        self.paused_s = gap_s if PAUSE_S < gap_s < math.inf else 0.0
        self.t = t
