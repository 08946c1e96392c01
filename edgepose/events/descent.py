"""Where the shoulders and hips of one person were lately: how far they have come down, and how fast.

Places are pixels, y down; results are body heights and seconds. Values between samples are interpolated, so that a
recording at half the frame rate gives nearly the same numbers.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TypeVar

T = TypeVar("T")

WINDOW_S = 1.5  # a fall from standing takes 0.5 to 1.2 s; lowering oneself deliberately takes longer
GAP_S = 1.0  # after a longer time unseen, a lower place is no descent: nobody saw how the person got there
BRIDGE_S = 3.0  # except that somebody who was last seen going down did so meanwhile:
GOING_DOWN, GOING_DOWN_BY = 0.35, 0.15  # this fast, heights per second, and this far, heights
SAMPLE_S = 0.06  # samples closer together add nothing but work
SPEED_S = 0.35  # span over which a speed is measured: three frames at 9 per second
RECENT_S = 0.7  # a descent is going on when its fastest part is no older
JUMP = 0.3  # shoulders that move further than this between frames, beyond
JUMP_SPEED = 4.0  # this many heights per second, belong to somebody else (free fall from 1.4 m ends at 3)


class Descent:
    """The last WINDOW_S of one person's way down; fed with every frame in which the body is measurable.

    speed: of the shoulders now, downwards, body heights per second. The other quantities are worked out when they are
    asked for: in most frames somebody stands or sits, and nobody asks.
    """

    def __init__(self) -> None:
        self.speed = 0.0
        self._height_px = self._hip_now_y = math.nan
        self._hidden, self._longer = 0.0, 1.0  # see `stretch`
        self._t: list[float] = []  # a column per quantity, a row per sample
        self._y: list[float] = []
        self._hip_y: list[float] = []  # inf where not seen
        self._speed: list[float] = []
        self._lies: list[bool] = []
        self._columns = (self._t, self._y, self._hip_y, self._speed, self._lies)

    @property
    def drop(self) -> float:
        """How far the shoulders are below their highest place, body heights."""
        return (self._y[-1] - min(self._lately(self._y))) / self._height_px + self._hidden if self._y else 0.0

    @property
    def hip_drop(self) -> float:
        """The same of the hips; NaN while they are not seen."""
        return (self._hip_now_y - min(self._lately(self._hip_y))) / self._height_px if self._y else 0.0

    @property
    def lay_before(self) -> bool:
        """Whether the body lay flat when the shoulders were at their highest place."""
        y = self._lately(self._y)
        return bool(y) and self._lately(self._lies)[y.index(min(y))]

    @property
    def fastest(self) -> float:
        """Largest speed of the shoulders, body heights per second; 0 where they only rose."""
        return max(0.0, max(self._lately(self._speed), default=0.0)) * self._longer

    @property
    def recent(self) -> float:
        """The same in the last RECENT_S."""
        return max(0.0, max(self._lately(self._speed, RECENT_S), default=0.0)) * self._longer

    @property
    def going_down(self) -> bool:
        """Whether a descent was going on when the person was last seen, be it no evidence of a fall yet."""
        return self.recent >= GOING_DOWN and self.drop >= GOING_DOWN_BY

    def see(self, t: float, y: float, hip_y: float, height_px: float, *, lies: bool) -> None:
        """Take in where shoulders and hips are at second `t`, and whether the body lies flat."""
        self._begin_anew(t, y, height_px)
        self.speed = (y - self._y_at(t - SPEED_S, t, y)) / (SPEED_S * height_px)
        if len(self._t) > 1 and t - self._t[-2] < SAMPLE_S:
            for column in self._columns:
                column.pop()
        self._t.append(t)
        self._y.append(y)
        self._hip_y.append(hip_y if hip_y == hip_y else math.inf)
        self._speed.append(self.speed)
        self._lies.append(lies)
        self._height_px, self._hip_now_y = height_px, hip_y
        self._hidden, self._longer = 0.0, 1.0
        if t - self._t[0] > 2 * WINDOW_S:  # seldom, and much at once
            n_old = bisect_left(self._t, t - WINDOW_S)
            for column in self._columns:
                del column[:n_old]

    def stretch(self, hidden: float) -> None:
        """Count what the picture hid of this descent, body heights: it was that much deeper, and faster alike."""
        self._longer = (self.drop + hidden) / self.drop
        self._hidden = hidden

    def _lately(self, column: list[T], span_s: float = WINDOW_S) -> list[T]:
        """What a column holds of the last `span_s`."""
        return column[bisect_left(self._t, self._t[-1] - span_s) :] if column else column

    def _begin_anew(self, t: float, y: float, height_px: float) -> None:
        """Forget what came before a gap or a jump; a gap in which somebody went on going down counts as GAP_S."""
        if not self._t:
            return
        gap_s, way_px = t - self._t[-1], abs(y - self._y[-1])
        if gap_s <= GAP_S and way_px <= JUMP * height_px:
            return  # nearly always
        jump_px = (JUMP + JUMP_SPEED * min(gap_s, SPEED_S)) * height_px
        if way_px > jump_px or (gap_s > GAP_S and not (gap_s < BRIDGE_S and self.going_down)):
            for column in self._columns:
                column.clear()
        elif gap_s > GAP_S:
            self._t[:] = [then + gap_s - GAP_S for then in self._t]

    def _y_at(self, t: float, later_t: float, later_y: float) -> float:
        """Shoulder y at second `t`, given where it is later; before the first sample, where it was first."""
        if not self._t:
            return later_y
        after = bisect_right(self._t, t)
        if after == 0:
            return self._y[0]
        then, y = self._t[after - 1], self._y[after - 1]
        if after < len(self._t):
            later_t, later_y = self._t[after], self._y[after]
        return y + (later_y - y) * (t - then) / max(later_t - then, 1e-6)
