"""Whether frames come often enough to judge a fall by."""

from __future__ import annotations

import math

from edgepose.health import Trouble

LOW_FRAME_RATE = "low_frame_rate"

MEMORY_S = 10.0
"""Time constant of what is remembered."""

LATE = 1.1
"""A frame is late this many times the wanted interval after the last: a rate that is just enough varies, too."""

LONGEST_S = 10.0
"""A longer gap counts as one of this length: one interruption is no frame rate, many are."""

BEGINS, ENDS = 0.75, 0.25
"""Share of the time without a frame when one was due: above the first the rate is poor, until below the second.

A single gap of any length brings 0.63; frames that come a tenth less often than needed, 0.5.
"""


class FrameRate:
    """Notes when frames come; `poor` while most of the time they come further apart than a rule can bear.

    troubles: that in words, while it is so.
    """

    def __init__(self, min_fps: float) -> None:
        self._min_fps = min_fps
        self._longest_s = LATE / min_fps if min_fps > 0 else math.inf
        self._last_t = math.nan
        self._late = 0.0
        self._interval_s = math.nan
        self.poor = False
        self.troubles: tuple[Trouble, ...] = ()

    @property
    def fps(self) -> float:
        """Frames per second of late; NaN before the second frame."""
        return 1 / max(self._interval_s, 1e-6)

    def update(self, t: float) -> None:
        """Take in a frame of second `t`, which never goes back."""
        dt, self._last_t = t - self._last_t, t
        if not dt > 0:
            return
        weight = 1 - math.exp(-min(dt, LONGEST_S) / MEMORY_S)
        self._late += ((dt > self._longest_s) - self._late) * weight
        self._interval_s = dt if math.isnan(self._interval_s) else self._interval_s + (dt - self._interval_s) * weight
        poor = self._late > (ENDS if self.poor else BEGINS)
        if poor != self.poor:
            self.poor = poor
            self.troubles = (Trouble(LOW_FRAME_RATE, self._words()),) if poor else ()

    def _words(self) -> str:
        return (
            f"frames come at {self.fps:.1f} a second, falls need {self._min_fps:g}: some may be missed; "
            "lower the load, the picture size or the number of cameras"
        )
