"""How tall one person is in the picture, learned over time: the scale in which postures, gestures and activities think.

Limbs are foreshortened more often than stretched, so that a longer sight is believed sooner than a shorter one. But
both are believed in the end: whoever walks away gets smaller, and what was wrong once is forgotten.
"""

from __future__ import annotations

import math

from edgepose.events.body import Body

GROW_S, SHRINK_S = 0.3, 1.0  # time constants
LEAP = 1.3  # a body seen so much larger at once has joints of somebody else,
EVERY_S = 0.1  # sights closer together bring nothing new
LEAP_S = 0.5  # unless it stays like that


class Height:
    """Height of one person in pixels; NaN before it was first seen."""

    __slots__ = ("_leap_s", "_t", "px")

    def __init__(self) -> None:
        self.px = math.nan
        self._t = -math.inf
        self._leap_s = 0.0

    def see(self, body: Body, t: float) -> float:
        """The height after another sight of the body at second `t`."""
        if t - self._t < EVERY_S:
            return self.px
        seen_px = body.size_px
        if not seen_px > 0:
            return self.px
        dt_s, self._t = t - self._t, t
        if not self.px > 0:
            self.px = seen_px
        elif seen_px <= self.px:
            self._leap_s = 0.0
            self.px += (seen_px - self.px) * (1 - math.exp(-dt_s / SHRINK_S))
        else:
            self._leap_s = self._leap_s + dt_s if seen_px > LEAP * self.px else 0.0
            if not 0 < self._leap_s < LEAP_S:
                self.px += (seen_px - self.px) * (1 - math.exp(-dt_s / GROW_S))
        return self.px
