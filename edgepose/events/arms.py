"""Arms for gestures: without holes and strays, raised, pointing, or swinging to and fro."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

RAISED = 0.05  # wrist over the middle of the head, body heights: more than a hand at the ear
FOREARM = 0.17  # length to the wrist: a hand over an elbow this near to the top of the picture is out of it
STRAIGHT_DEG = 145.0  # elbow angle of a pointing arm
LEVEL = math.tan(math.radians(25.0))  # its slope at most
SWING = 0.06  # sideways travel of a wrist that counts as a swing, body heights
STEADY = 0.015  # a raised hand that travels further than this between frames may begin to wave
GRACE_S = 0.25  # a hand that is not seen for no longer than this is where it was
MEDIAN_DT_S = 0.07  # frames closer together than this are judged by the median of three

Arm = list[float]
"""x, y of shoulder, elbow and wrist in pixels; NaN is unknown."""


class Swings:
    """Counts how often a wrist changes direction, ignoring less than SWING of travel."""

    def __init__(self) -> None:
        self._turns: deque[float] = deque()
        self.moved_t = -math.inf
        self._turn_x = math.nan  # the furthest point of the swing that is going on
        self._way = 0

    def update(self, x: float, t: float, span_s: float) -> int:
        """Changes of direction in the last `span_s`, after the wrist is at `x` body heights; NaN starts over."""
        if x != x:
            self._turns.clear()
            self._turn_x, self._way = math.nan, 0
            return 0
        if self._turn_x != self._turn_x:
            self._turn_x = x
        travel = x - self._turn_x
        if travel * self._way > 0 or (self._way == 0 and abs(travel) >= SWING):
            self._way = 1 if travel > 0 else -1
            self._turn_x = x
            if abs(travel) > STEADY:
                self.moved_t = t
        elif abs(travel) >= SWING:
            self._way = -self._way
            self._turn_x = x
            self.moved_t = t
            self._turns.append(t)
        while self._turns and t - self._turns[0] > span_s:
            self._turns.popleft()
        return len(self._turns)


class Arms:
    """Both arms of a person without holes and strays: joints unseen for GRACE_S stay, single outliers are left out."""

    def __init__(self) -> None:
        self._last: list[Arm] = []  # both arms in one, newest first, holes filled
        self._seen_t = [-math.inf] * 6  # of the joints

    def update(self, arms: Sequence[float], t: float, dt_s: float) -> tuple[Arm, Arm]:
        """Right and left arm at second `t`, `dt_s` after the frame before, from `Body.arms`."""
        values = list(arms)
        if math.isnan(sum(arms)):
            self._fill(values, t)
        else:
            self._seen_t = [t] * 6
        self._last = [values, *self._last[:2]]
        if len(self._last) == 3 and dt_s <= MEDIAN_DT_S:
            values = [*map(_middle, *self._last)]
        return values[:6], values[6:]

    def _fill(self, values: list[float], t: float) -> None:
        """Leave joints that are not seen where they were, for GRACE_S."""
        for joint, x in enumerate(values[::2]):
            if x == x:
                self._seen_t[joint] = t
            elif self._last and t - self._seen_t[joint] <= GRACE_S:
                values[2 * joint : 2 * joint + 2] = self._last[0][2 * joint : 2 * joint + 2]


def _middle(now: float, before: float, earlier: float) -> float:
    """The median of three values; NaN while one of the newest two is."""
    if before < now:
        if earlier < before:
            return before
        return earlier if earlier < now else now
    if now <= before:
        if earlier < now:
            return now
        return earlier if earlier < before else before
    return math.nan


def is_raised(arm: Arm, head_y: float, size: float) -> bool:
    """Whether the hand is over the head, or must be above the picture because the elbow is over the head at its top.

    head_y: pixels. size: body height in pixels.
    """
    _, _, _, elbow_y, _, wrist_y = arm
    if wrist_y == wrist_y:
        return wrist_y < head_y - RAISED * size
    return elbow_y < head_y and elbow_y < FOREARM * size


def reach(arm: Arm) -> float:
    """How far sideways a straight, level arm reaches, pixels, to the right of the picture; 0 for all other arms."""
    shoulder_x, shoulder_y, elbow_x, elbow_y, wrist_x, wrist_y = arm
    reach_x, reach_y = wrist_x - shoulder_x, wrist_y - shoulder_y
    if not abs(reach_y) <= LEVEL * abs(reach_x):
        return 0.0
    upper = math.atan2(elbow_y - shoulder_y, elbow_x - shoulder_x)
    lower = math.atan2(wrist_y - elbow_y, wrist_x - elbow_x)
    bend = abs(math.degrees(math.remainder(upper - lower, math.tau))) if math.isfinite(upper + lower) else 180.0
    return reach_x if bend <= 180 - STRAIGHT_DEG else 0.0
