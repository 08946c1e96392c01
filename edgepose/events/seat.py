"""Sitting down and getting up: from one place of rest over the feet to another, seen from any side.

A posture that changes from standing to sitting, or from low to standing, is one sign. The other needs no posture, which
a skeleton seen from the front may hide: hips and shoulders come down over feet that stay, or go up.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from edgepose.events.body import Body

REST_S = 0.5  # how long hips and posture keep still before a place of rest counts
AT_REST = 0.04  # travel of the hips in that time, body heights
CHANGE_S = 5.0  # longest way between standing and sitting
HIPS, SHOULDERS = 0.84, 0.92  # height over the feet of somebody who sat down against the one standing, at most
FEET_X, FEET_Y = 0.25, 0.12  # feet that moved further, body heights, walked
DOWN = ("sitting", "lying", "crouching")


class Rest(NamedTuple):
    """A place of rest. begin_t, end_t: seconds. hips, shoulders: pixels over the feet, NaN where those are not seen."""

    begin_t: float
    end_t: float
    posture: str
    hips: float
    shoulders: float
    feet_x: float
    feet_y: float
    size: float


class Change(NamedTuple):
    """What somebody did between two rests. begin_t: when it began; duration_s: until the next rest began."""

    stage: str
    begin_t: float
    duration_s: float
    before: str
    after: str


class Seat:
    """The last rest of one person; fed with sights a little apart."""

    __slots__ = ("_hips", "_posture", "_rest", "_since")

    def __init__(self) -> None:
        self._hips: deque[tuple[float, float]] = deque()  # second, y
        self._posture, self._since = "", -math.inf
        self._rest: Rest | None = None

    def see(self, body: Body, posture: str, size: float, t: float) -> Change | None:
        """Take in a body of a height of `size` pixels at second `t`; the change that is over now, or None."""
        hips = self._hips
        y = body.hip_y if body.hip_y == body.hip_y else body.neck_y
        hips.append((t, y))
        while t - hips[1][0] >= REST_S if len(hips) > 1 else False:
            hips.popleft()
        if posture != self._posture:
            self._posture, self._since = posture, t
        if t - hips[0][0] < REST_S or t - self._since < REST_S or posture in ("", "unknown"):
            return None
        ys = [place for _, place in hips]
        if max(ys) - min(ys) > AT_REST * size:
            return None
        feet_y = body.ankle_y
        rest = Rest(hips[0][0], t, posture, feet_y - y, feet_y - body.neck_y, body.ankle_x, feet_y, size)
        before, self._rest = self._rest, rest
        if before is None or t - before.end_t > CHANGE_S + REST_S:
            return None
        stage = _stage(before, rest)
        if not stage:
            if before.posture == posture:
                self._rest = rest._replace(begin_t=before.begin_t)
            return None
        return Change(stage, before.end_t, max(rest.begin_t - before.end_t, 0.0), before.posture, posture)


def _stage(before: Rest, after: Rest) -> str:
    if before.posture == "standing" and after.posture == "sitting":
        return "sitting_down"
    if before.posture in DOWN and after.posture == "standing":
        return "getting_up"
    size = max(before.size, after.size)
    if not (abs(after.feet_x - before.feet_x) < FEET_X * size and abs(after.feet_y - before.feet_y) < FEET_Y * size):
        return ""
    low, high = (after, before) if after.hips < before.hips else (before, after)
    if low.posture in ("crouching", "lying") or not (
        low.hips < HIPS * high.hips and low.shoulders < SHOULDERS * high.shoulders
    ):
        return ""
    return "sitting_down" if low is after else "getting_up" if after.posture == "standing" else ""
