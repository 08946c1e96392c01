"""When a picture of a stream was captured, in our own monotonic seconds, from its stamp and its arrival.

A good camera's stamps are exact and the network's delay is not, so stamps give the distances between pictures and the
earliest arrivals say where they lie on our clock. How far the stamps of this camera can be believed, `Stamps` finds.

Nothing here waits or looks at a clock; every call is given the monotonic second.
"""

from __future__ import annotations

import math
from collections import deque

from edgepose.sources.stamps import Stamps

CLOCK_DRIFT = 5e-4
"""Seconds per second by which a believed clock may run away from ours; quartz stays below 2e-4."""

CLOCK_JUMP_S = 2.0
"""Pictures that stay late by more than this belong to a stream that begins anew: they are taken as just captured."""

SHORTEST_STEP, LONGEST_STEP = 0.6, 1.8
"""Steps are between these shares of the usual time between pictures, since people would else seem to move faster or
slower than they do. Longer ones need a pause in the arrivals; shorter ones where a time would lie in the future."""

ALLOWED_LATE_S = 0.15, 0.1
"""How late pictures may stay, the network's delay being what it is: of a clock that is believed, and of another."""

PATIENCE_S = 1.0, 0.25
"""For how long pictures must have been late before times are moved: all that waited follows a network's pause."""

FIRST_PATIENCE_N, FIRST_PATIENCE_S = 1.5, 0.15
"""The same in the first seconds, in usual steps and at most: little, since a slow clock must not fall behind."""

EASE_S = 0.15
"""Lateness above the allowed at which steps are stretched to twice their length, which is the most."""


class CameraClock:
    """Turns presentation times of a stream into monotonic capture seconds. One per connection.

    A time is never later than the picture's arrival and always increases. A step between two pictures is between half
    and twice the true one, and a picture is taken as at most about 0.3 s older than the network's delay makes it,
    whatever the camera's clock does. Where it is of no use, a second without pictures that is no network pause is made
    up for within about a second.
    """

    def __init__(self) -> None:
        self._stamps: Stamps | None = None
        self._line_s = 0.0  # sum of all distances between pictures
        self._offset_s = 0.0  # from the line to our clock
        self._late_s = 0.0
        self._now = 0.0
        self._delays: deque[tuple[float, float]] = deque()  # (heard_s, now - line), rising: for the least of the last
        self._last_t = -math.inf

    def capture_s(self, pts_s: float | None, now: float) -> float:
        """Monotonic second at which a picture that arrived at `now` was captured; never later, always increasing.

        pts_s: its stamp in seconds, None where there is none: then it counts as captured when it arrived.
        """
        t = now if pts_s is None or not math.isfinite(pts_s) else self._from_stamp(pts_s, now)
        self._last_t = max(t, self._last_t + 1e-6)
        return self._last_t

    def _from_stamp(self, pts_s: float, now: float) -> float:
        stamps = self._stamps
        if stamps is None:
            self._stamps = Stamps(pts_s, now)
            self._now, self._offset_s = now, now
            return now
        gone_s, self._now = now - self._now, now
        step_s = stamps.step(pts_s, now, self._late_s)
        period_s, last_t = stamps.period_s, self._last_t
        self._line_s += step_s
        moved_s = self._follow_arrivals(stamps, now - self._line_s, gone_s, max(step_s, period_s))
        t = self._line_s + self._offset_s
        self._late_s = now - t
        if moved_s <= CLOCK_JUMP_S:
            t = max(last_t + SHORTEST_STEP * period_s, min(t, last_t + max(LONGEST_STEP * period_s, gone_s)))
        return min(now, t)

    def _follow_arrivals(self, stamps: Stamps, delay_s: float, gone_s: float, usual_s: float) -> float:
        """Move the offset: down to the earliest arrival at once, up to arrivals that stay late gently. By how much up.

        delay_s: from the line to this arrival. gone_s: since the arrival before. usual_s: a usual step.
        """
        self._offset_s = min(self._offset_s, delay_s)
        doubted = not stamps.believed
        patience_s = PATIENCE_S[doubted] if stamps.settled else min(FIRST_PATIENCE_N * usual_s, FIRST_PATIENCE_S)
        late_s = self._least_delay_s(delay_s, stamps.heard_s, patience_s) - self._offset_s
        too_late_s = late_s - ALLOWED_LATE_S[doubted]
        if late_s > CLOCK_JUMP_S:
            up_s = late_s
        elif too_late_s > 0:
            up_s = usual_s * min(1.0, too_late_s / EASE_S)
        else:
            up_s = min(late_s, CLOCK_DRIFT * gone_s)
        up_s = min(up_s, late_s)
        self._offset_s += up_s
        return up_s

    def _least_delay_s(self, delay_s: float, heard_s: float, patience_s: float) -> float:
        """The least delay of the last seconds in which pictures came."""
        delays = self._delays
        while delays and delays[-1][1] >= delay_s:
            delays.pop()
        delays.append((heard_s, delay_s))
        while delays[0][0] < heard_s - patience_s:
            delays.popleft()
        return delays[0][1]
