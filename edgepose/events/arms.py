"""Arms for gestures: without holes and strays, raised, pointing, or swinging to and fro."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

RAISED = 0.05  # wrist over the middle of the head, body heights: more than a hand at the ear
FOREARM = 0.17  # length to the wrist: a hand over an elbow this near to the top of the picture is out of it
STRAIGHT_DEG = 145.0  # elbow angle of a pointing arm
LEVEL = math.tan(math.radians(25.0))  # its slope at most
UP = 0.05  # wrist over the elbow, body heights, of an arm that may wave
POINTING_REACH = 0.23  # wrist from shoulder sideways, body heights; a straight arm is 0.33 long
SPREAD_REACH, SPREAD_LEVEL = 0.14, 0.7  # the other hand, this far from its shoulder, and its slope at most
SWING = 0.045  # sideways travel of a wrist that counts as a swing, body heights
STEEP = 1.2  # way up or down against the way across, of a wrist that is raised or lowered
TURN_S = 0.7  # between two turns of a wave, at most
STEADY = 0.015  # a raised hand that travels further than this between frames may begin to wave
GRACE_S = 0.25  # a hand that is not seen for no longer than this is where it was
MEDIAN_DT_S = 0.07  # frames closer together than this are judged by the median of three

Arm = list[float]
"""x, y of shoulder, elbow and wrist in pixels; NaN is unknown."""


class Swings:
    """Counts how often a raised wrist changes direction to and fro, ignoring less than SWING of travel.

    moved_t: when it last travelled. A wrist that goes up or down more than sideways is being raised or lowered, and
    one that turns only now and then is held: both start over.
    """

    def __init__(self) -> None:
        self._turns: deque[float] = deque()
        self.moved_t = -math.inf
        self._x = self._y = math.nan  # the furthest point of the swing that is going on
        self._way = 0

    def update(self, x: float, y: float, t: float, span_s: float) -> int:
        """Turns in the last `span_s`, after the wrist is at `x`, `y` body heights; x NaN starts over."""
        turns = self._turns
        if x != x or self._x != self._x:
            turns.clear()
            self._x, self._y, self._way = x, y, 0
            return 0
        across, down = x - self._x, abs(y - self._y)
        if down >= SWING and down > STEEP * abs(across):
            turns.clear()
            self._x, self._y, self._way, self.moved_t = x, y, 0, t
        elif across * self._way > 0 or (self._way == 0 and abs(across) >= SWING):
            self._way = 1 if across > 0 else -1
            self._x, self._y = x, y
            if abs(across) > STEADY:
                self.moved_t = t
        elif abs(across) >= SWING:
            if turns and t - turns[-1] > TURN_S:
                turns.clear()
            self._way = -self._way
            self._x, self._y, self.moved_t = x, y, t
            turns.append(t)
        while turns and t - turns[0] > span_s:
            turns.popleft()
        return len(turns)


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


def waving(arm: Arm, size: float) -> tuple[float, float]:
    """Where the hand of an arm that may wave is, body heights to the right of and below its shoulder; NaN for others.

    The forearm points up and the hand is no lower than the shoulder: drums, strings and work are played below it.
    """
    shoulder_x, shoulder_y, _, elbow_y, wrist_x, wrist_y = arm
    if not (wrist_y < elbow_y - UP * size and wrist_y < shoulder_y):
        return math.nan, math.nan
    return (wrist_x - shoulder_x) / size, (wrist_y - shoulder_y) / size


def pointing(arms: Sequence[Arm], size: float) -> int:
    """1 where one of two arms points to the right of the picture, -1 to the left, 0 where none does.

    The other arm must not be out as well: spread arms, or two that push, point nowhere.
    """
    outs = reach(arms[0]) / size, reach(arms[1]) / size
    for out, other in ((outs[0], arms[1]), (outs[1], arms[0])):
        if abs(out) < POINTING_REACH:
            continue
        shoulder_x, shoulder_y, _, _, wrist_x, wrist_y = other
        along = (wrist_x - shoulder_x) / size
        level = abs(wrist_y - shoulder_y) < SPREAD_LEVEL * abs(wrist_x - shoulder_x)
        if level and abs(along) > SPREAD_REACH:
            return 0
        return 1 if out > 0 else -1
    return 0


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
