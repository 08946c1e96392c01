"""How fast somebody travels over the floor, and how restless the limbs are: walking is travel, still is no movement.

Limbs are followed one by one along their paths: in walking on the spot left and right cancel out, and what swings to
and fro is back where it was.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from edgepose.events.body import Body

SPAN_S = 1.0  # over which speeds are measured
SAMPLE_S = 0.15  # between the frames that are kept for it: jitter of joints adds up along a path
LEAST_S = 0.5  # of it before there is a speed
JITTER = 0.008  # way of a joint that rests, between two samples, body heights
DEPTH = 0.75  # focal length in picture widths of a usual camera: turns growth of a body into speed towards it
UNSURE = 0.04  # growth of a body that may as well be noise
FEET_GO = 0.3  # way of the feet against that of the body: who walks takes them along
FEET_CLIMB = 3.0  # way of the feet up or down the picture for the growth it comes with, at most: others leave the floor
FEET_COME = 0.12  # way of the feet down the picture when a body grows by walking nearer, against that growth


class Pace:
    """The last second of one person's way; fed with sights a little apart.

    travel: speed over the floor. restlessness: of the second fastest joint along its path, so that one misplaced joint
    does not count. Both in body heights per second, NaN while unknown. span_s: seconds that they were measured over.
    """

    __slots__ = ("_path", "_steps", "restlessness", "span_s", "travel")

    def __init__(self) -> None:
        self.span_s = 0.0
        self.travel = self.restlessness = math.nan
        self._path: deque[tuple[float, float, Body]] = deque()  # second, body height in pixels
        self._steps: deque[tuple[float, list[float]]] = deque()  # second, way of each joint since the sample before

    def see(self, body: Body, size: float, width: float, t: float) -> None:
        """Take in a body of a height of `size` pixels at second `t`. width: of the picture, NaN where unknown."""
        path, steps = self._path, self._steps
        if path and t - path[-1][0] < SAMPLE_S:
            return
        while path and t - path[0][0] > SPAN_S + SAMPLE_S:
            path.popleft()
            if steps:
                steps.popleft()
        self.travel = self.restlessness = math.nan
        if path:
            steps.append((t, _ways(body, path[-1][2], size)))
            then, old_size, old = path[0]
            self.span_s = span_s = t - then
            if span_s >= LEAST_S:
                self.travel = _travel(body, old, size, old_size, width) / span_s
                self.restlessness = _second(map(sum, zip(*(ways for _, ways in steps), strict=True))) / span_s
        path.append((t, size, body))


def _ways(body: Body, before: Body, size: float) -> list[float]:
    """Way of head, neck, elbows, wrists, knees and ankles between two sights, body heights; 0 where not seen."""
    now, then = _joints(body), _joints(before)
    return [
        max(0.0, math.hypot(x - old_x, y - old_y) / size - JITTER)  # in this order NaN gives 0
        for x, y, old_x, old_y in zip(now[::2], now[1::2], then[::2], then[1::2], strict=True)
    ]


def _joints(body: Body) -> tuple[float, ...]:
    arms, legs = body.arms, body.leg_joints
    return (*body.parts[:4], *arms[2:6], *arms[8:], *legs[2:6], *legs[8:])


def _second(values: Iterable[float]) -> float:
    return sorted(values)[-2]


def _travel(body: Body, old: Body, size: float, old_size: float, width: float) -> float:
    """Way over the floor between two sights, body heights.

    Both feet go along where they are seen: a lunge, a throw, a kick leave one where it is. Somebody
    who stands up in place, or bends, grows or shrinks over feet that stay.
    """
    (x, y), (old_x, old_y) = body.centre, old.centre
    growth = math.log(size / old_size)
    if body.legs and old.legs:
        y, old_y = body.bottom, old.bottom  # sitting down moves the hips alone
    across, down = (x - old_x) / size, (y - old_y) / size
    feet = _feet(body, old, size)
    for feet_x, feet_y in feet:
        if abs(feet_x) < FEET_GO * abs(across) or feet_x * across < 0:
            across = 0.0
        if feet_y * growth < FEET_COME * growth * growth:
            growth = 0.0
    if feet:
        most = UNSURE + FEET_CLIMB * max(growth if down > 0 else -growth, 0.0)
        down = min(max(down, -most), most)
    towards = DEPTH * width / size * max(abs(growth) - UNSURE, 0.0) if width == width else 0.0
    return math.hypot(across, down, towards)


def _feet(body: Body, old: Body, size: float) -> list[tuple[float, float]]:
    """Ways across and down of the feet that are seen in both sights, body heights."""
    now, then = body.leg_joints, old.leg_joints
    ways = [((now[i] - then[i]) / size, (now[i + 1] - then[i + 1]) / size) for i in (4, 10)]
    return [way for way in ways if way[0] == way[0]]
