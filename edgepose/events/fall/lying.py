"""Somebody first seen lying: a body that rests, one that exercises, or a sofa that a network takes for somebody.

Nobody is nobody: what never stood needs a skeleton that the network is sure of, or at least one whose size stays what
it is. Who lies there moves hardly; who does push-ups moves the shoulders, and the hands count where they are sure.
"""

from __future__ import annotations

import math
from collections import deque

from edgepose.events.body import Body

SURE, BODY = 0.3, 0.19  # score of a skeleton that is surely somebody's, and the least of one that may be
STEADY = 0.12  # mean change of its height, in heights, up to which a skeleton that may be somebody's is
SCORE_S = 5.0  # time constant of score and height
HANDS = 0.5  # score from which on the movement of hands is theirs; hands of weaker skeletons jump to and fro
SMOOTH_S, SPAN_S, SAMPLE_S = 0.5, 3.0, 0.2  # shoulders are smoothed, and their way is what they cover within a span
WORKS = 0.045  # body heights: way of the shoulders of somebody who does push-ups or sit-ups; at rest it is 0.04


class Lying:
    """Follows a body that was never up. score: of the skeleton, lately. way: of the shoulders, body heights."""

    def __init__(self) -> None:
        self.score = self._height_px = self._x = self._y = math.nan
        self._varies = 0.0
        self._t = -math.inf
        self._ways: deque[tuple[float, float, float]] = deque()

    def see(self, body: Body, score: float, t: float) -> None:
        """Take in a sight of the body at second `t`, and the score of its skeleton."""
        dt, self._t = t - self._t, t
        if self.score != self.score:
            self.score, self._height_px, self._x, self._y = score, body.height_px, body.neck_x, body.neck_y
            return
        weight = 1 - math.exp(-dt / SCORE_S)
        self.score += weight * (score - self.score)
        self._height_px += weight * (body.height_px - self._height_px)
        self._varies += weight * (abs(body.height_px / self._height_px - 1) - self._varies)
        weight = 1 - math.exp(-dt / SMOOTH_S)
        self._x += weight * (body.neck_x - self._x)
        self._y += weight * (body.neck_y - self._y)
        ways = self._ways
        if not ways or t - ways[-1][0] >= SAMPLE_S:
            ways.append((t, self._x, self._y))
            while t - ways[0][0] > SPAN_S:
                ways.popleft()

    @property
    def way(self) -> float:
        """What the shoulders covered lately, body heights."""
        if not self._ways:
            return 0.0
        _, xs, ys = zip(*self._ways, strict=True)
        return math.hypot(max(xs) - min(xs), max(ys) - min(ys)) / self._height_px

    @property
    def is_body(self) -> bool:
        """Whether the skeleton is that of somebody."""
        return self.score >= SURE or (self.score >= BODY and self._varies <= STEADY)

    def works(self, *, hands: bool) -> bool:
        """Whether the body moves as one that exercises. hands: whether shoulders or hands moved lately."""
        return self.way > WORKS or (hands and self.score >= HANDS)
