"""Whether the camera itself moves: tilted or knocked, it moves everybody, and all of everybody, alike.

A body that falls changes its shape: feet stay, shoulders come down. A body that comes down in the picture with feet,
knees, hips and shoulders together was moved by the camera; so were several people who all move by the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from edgepose.events.body import Body
from edgepose.health import Trouble

SPAN_S, LONGEST_S = 0.19, 0.6  # between two sights that are compared
SPEED = 0.5  # of the common motion, body heights per second: nobody who keeps the shape goes up or down so fast
LEAST, MOST = 0.7, 1.4  # ways of all parts of a body that keeps its shape, in mean ways,
GROWS, LEANS_DEG = 1.15, 12.0  # and how much its size and the lean of its trunk change at most
ALIKE = 0.3  # how far the ways of several people differ at most, in mean ways
WAY = 0.6  # of one body that keeps its shape, on and on, body heights: nobody comes down so far as if standing
STAY_S = 1.0  # after the last motion judging stays suspended: skeletons settle
UPRIGHT_DEG = 45.0  # who rolls out of bed comes down as a whole as well, lying

MOVES = Trouble(
    "camera_moves", "everybody moves alike: the camera was turned or knocked; falls are not judged meanwhile"
)


class Steadiness:
    """Follows the common motion, up or down, of all bodies of one camera.

    moves: whether the camera moves, or did within STAY_S. troubles: that in words, while it is so.
    """

    def __init__(self) -> None:
        self.moves = False
        self.troubles: tuple[Trouble, ...] = ()
        self._until_t = -math.inf
        self._before: dict[int, Body] = {}
        self._ways: dict[int, float] = {}  # of bodies that keep their shape, span after span, body heights
        self._t = -math.inf

    def update(self, bodies: Iterable[tuple[int, Body]], t: float) -> bool:
        """Take in the bodies of a frame with their track ids, at second `t`; True where a motion begins."""
        dt = t - self._t
        if dt < SPAN_S:
            return False
        before, self._before, self._t = self._before, dict(bodies), t
        ways, self._ways = self._ways, {}
        speeds: list[float] = []
        moved = False
        if dt <= LONGEST_S:
            for track_id, body in self._before.items():
                then = before.get(track_id)
                if then is None or not abs(body.neck_y - then.neck_y) > SPEED * dt * body.height_px:
                    continue  # nearly always
                way = common_way(then, body)
                if way != 0:
                    speeds.append(way / dt)
                    moved |= self._one_moves(track_id, body, way, ways.get(track_id, 0.0))
        if moved or (len(speeds) > 1 and len(speeds) == len(self._before) and _alike(speeds)):
            self._until_t = t + STAY_S
        was, self.moves = self.moves, t < self._until_t
        if was != self.moves:
            self.troubles = (MOVES,) if self.moves else ()
        return self.moves and not was

    def _one_moves(self, track_id: int, body: Body, way: float, so_far: float) -> bool:
        """Whether one upright body goes down or up with its legs, which may leave the picture later."""
        if not body.angle_deg < UPRIGHT_DEG or not (so_far or body.knee_y == body.knee_y):
            return False
        goes_on = so_far * way > 0  # through two spans at least: a network that finds a body elsewhere does it once
        self._ways[track_id] = way + (so_far if goes_on else 0.0)
        return goes_on and abs(self._ways[track_id]) >= WAY


def common_way(before: Body, now: Body) -> float:
    """How far a body came down as a whole, body heights; 0 where its parts went different ways."""
    a, b = before.parts, now.parts
    ways = [b[i] - a[i] for i in range(1, 10, 2) if a[i] == a[i] and b[i] == b[i]]  # head, neck, hip, knee, ankle
    mean = sum(ways) / len(ways) if len(ways) > 2 else 0.0
    if mean == 0 or not all(LEAST < way / mean < MOST for way in ways):
        return 0.0
    larger, smaller = max(before.height_px, now.height_px), min(before.height_px, now.height_px)
    if larger > GROWS * smaller or abs(now.lean_deg - before.lean_deg) > LEANS_DEG:
        return 0.0
    return mean / larger


def _alike(speeds: list[float]) -> bool:
    """Whether everybody goes the same way equally fast."""
    middle = sum(speeds) / len(speeds)
    return all(abs(speed - middle) <= ALIKE * abs(middle) for speed in speeds)
