"""How much time lies between two pictures of a stream, by the stamps of its camera as far as they can be believed.

Stamps run at another rate than our clock, stand still, are coarse or jump. They are compared with the arrivals, which
lie about one picture and tell the truth about many.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

RATE_TOLERANCE = 0.02
"""Stamps whose rate is within this of the arrivals' are taken to run at the true rate."""

BAD_SHARE = 0.05
"""Stamps stop counting where more than this share of them stands still or jumps."""

FORWARD_S = 0.5, 0.1
"""A stamp this far ahead of all before it belongs to a clock that was set: in the first seconds, when the first picture
may have been late, and later."""

_POINTS = 8  # per stretch one, between which the rate is measured
_SETTLED = 4  # points that make a rate
_FIRST_S, _STRETCH_S = 0.5, 1.0  # length of the first _SETTLED stretches, and of the others
_STRETCH_N = 5  # pictures that a stretch has at least
_PAUSE = 3  # periods without a picture
_OTHER_RATE = 0.1  # a camera whose rate has lately changed by this much has begun to do something else
_GOOD_STRETCHES = 3  # without a bad stamp, after which stamps count again
_STANDING = 1000  # times slower than the arrivals is standing still


class Stamps:
    """Seconds between pictures: by the camera's stamps, at the rate at which pictures arrive.

    settled: whether there was time to compare. believed: whether stamps are taken as they are.
    period_s: usual seconds between two pictures, by arrival.
    heard_s: seconds in which pictures came; a pause counts for little, so that it proves nothing before what waited
    meanwhile has come.
    """

    def __init__(self, pts_s: float, now: float) -> None:
        """With the first picture's stamp and arrival."""
        self._counting = False  # stamps mean nothing: every picture is one usual period after the one before
        self._unit_s = 0.0  # that period
        self._rate = 1.0  # true seconds per second of the stamps, or of the counted periods
        self._sum_s = 0.0  # of stamps, or of counted periods
        self._points: deque[tuple[float, float]] = deque(maxlen=_POINTS)  # (arrival, sum), one per stretch
        self._periods: deque[float] = deque(maxlen=3)
        self._good = 0
        self.settled = False
        self.period_s = 0.0
        self.heard_s = 0.0
        self._pts_s, self._now = pts_s, now
        self._earliest = now, 0.0
        self._least_s = math.inf
        self._begin_stretch()

    @property
    def believed(self) -> bool:
        return self._rate == 1.0 and not self._counting and len(self._points) >= _SETTLED

    def step(self, pts_s: float, now: float, late_s: float) -> float:
        """Seconds from the picture before to this one, above 0. late_s: how late that one was."""
        stamp_s, gone_s = pts_s - self._pts_s, now - self._now
        self._pts_s, self._now = pts_s, now
        self._n += 1
        if not self._periods:
            self.period_s = (self._busy_s + self._of_pause(gone_s)) / self._n
        ahead_s = stamp_s * self._rate - gone_s - late_s
        good = stamp_s > gone_s / _STANDING and stamp_s > 0 and ahead_s <= FORWARD_S[self.settled]
        self._n_bad += not good
        if self._counting:
            own_s = self._unit_s
        elif good:
            own_s = stamp_s
        else:  # a clock that was set while no picture came leaves only the arrival to tell for how long
            restarted = stamp_s != 0 and gone_s > _PAUSE * self.period_s
            own_s = (gone_s if restarted else self.period_s) / self._rate
        self._busy_s += self._of_pause(gone_s)
        self._sum_s += own_s
        step_s = own_s * self._rate
        delay_s = now - self._sum_s * self._rate
        if delay_s < self._least_s:
            self._least_s, self._earliest = delay_s, (now, self._sum_s)
        self.heard_s += min(gone_s, (2 if self.settled else 1) * max(step_s, self.period_s))
        if self._n >= _STRETCH_N and self.heard_s >= self._stretch_ends_s:
            self._end_stretch()
        return step_s

    def _of_pause(self, gone_s: float) -> float:
        return min(gone_s, _PAUSE * self.period_s or gone_s)

    def _begin_stretch(self) -> None:
        self._since, self._busy_s = self._now, 0.0
        self._n = self._n_bad = 0
        self._stretch_ends_s = self.heard_s + (_STRETCH_S if self.settled else _FIRST_S)
        self._least_s = math.inf
        self._earliest = self._now, self._sum_s

    def _end_stretch(self) -> None:
        span_s = self._now - self._since
        if not self.settled:  # a pause is no usual time between pictures, and there are no others yet to tell
            span_s = self._busy_s
        self._periods.append(span_s / self._n)
        self.period_s = median(self._periods)
        self._points.append(self._earliest)
        if not self._change_mind():
            self._measure_rate()
        self._begin_stretch()

    def _change_mind(self) -> bool:
        """Count pictures where stamps are bad, and return to stamps that have been good for a while."""
        self._good = 0 if self._n_bad else self._good + 1
        if self._counting:
            change = self._good >= _GOOD_STRETCHES
        else:
            change = self._n_bad > max(1, BAD_SHARE * self._n)
        if change:
            self._counting = not self._counting
            self._unit_s, self._rate = self.period_s, 1.0
            self._points.clear()
        return change

    def _measure_rate(self) -> None:
        points = list(self._points)
        lately = points[-3:]
        if len(points) > _SETTLED and abs(_slope(lately) / _slope(points) - 1) > _OTHER_RATE:
            points = lately
            self._points.clear()
            self._points.extend(lately)
        if len(points) < 2:
            return
        self.settled = self.settled or len(points) >= _SETTLED
        rate = _slope(points)
        agrees = abs(rate - 1) <= RATE_TOLERANCE and not self._counting
        self._rate = 1.0 if agrees else rate


def _slope(points: list[tuple[float, float]]) -> float:
    """Arrival seconds per second of the sum: the median over pairs of points (Theil and Sen), which forgives delays."""
    return median(
        max(later - now, 1e-9) / max(later_sum - its_sum, 1e-9)
        for first, (now, its_sum) in enumerate(points)
        for later, later_sum in points[first + 1 :]
    )
