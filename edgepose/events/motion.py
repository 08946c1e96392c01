"""How one person moves up and down: height of the shoulders over the floor, drop and speed of a descent.

Everything is in body heights and seconds. Values between samples are interpolated, so that a recording at half the
frame rate gives nearly the same numbers.
"""

from __future__ import annotations

import math
from collections import deque

from edgepose.events.body import Body, stands_on_legs

WINDOW_S = 1.5  # a fall from standing takes 0.5 to 1.2 s; lowering oneself deliberately takes longer
GAP_S = 1.0  # after a longer time unseen, a lower place is no descent: nobody saw how the person got there
SAMPLE_S = 0.06  # samples closer together add nothing but work
SPEED_S = 0.35  # span over which a speed is measured: three frames at 9 per second
RECENT_S = 0.7  # a descent is going on when its fastest part is no older
JUMP = 0.3  # shoulders that move further than this between frames, beyond
JUMP_SPEED = 4.0  # this many heights per second, belong to somebody else (free fall from 1.4 m ends at 3)
FLOOR_S = 2.0  # feet that are hidden are where they were for this long
GROW_S, SHRINK_S = 0.4, 4.0  # time constants of the body height
LEAVING = 0.2  # share of the height that somebody walking away loses per second, at most
LYING_DEG = 55.0
UPRIGHT_DEG = 45.0
TRUNK_UP = 0.17  # height of an upright trunk in the picture, body heights; 0.29 when it is not foreshortened
BENT_HIPS = 0.25  # hips over the floor of somebody who bends down, at least
LEG = 0.4  # an upright body whose feet would be below the picture stands there, whatever legs a network invents


def next_height(known_px: float, body: Body, dt_s: float, *, keep: bool = False) -> float:
    """Body height after another sight of it: quick to grow, slow to shrink, not shrinking at all with `keep`.

    Limbs are foreshortened, seldom stretched. Somebody upright who walks away does get smaller, though no faster than
    LEAVING; who falls along the line of sight looks upright too, but shrinks at once.
    """
    seen_px = body.height_px
    if known_px != known_px:
        return seen_px
    if seen_px != seen_px or (keep and seen_px < known_px):
        return known_px
    if seen_px > known_px:
        return known_px + (seen_px - known_px) * (1 - math.exp(-dt_s / GROW_S))
    upright = body.angle_deg < 25 and stands_on_legs(body, seen_px)
    shrink = (known_px - seen_px) * (1 - math.exp(-dt_s / (GROW_S if upright else SHRINK_S)))
    return known_px - min(shrink, LEAVING * known_px * dt_s)


class Motion:
    """The vertical motion of one person; fed with every frame in which the body is measurable.

    picture_height_px: where the picture ends; a floor below it is out of sight.
    height_px: body height. shoulders, hips: height over the floor; NaN while the floor under the body is unknown.
    drop: how far the shoulders are below their highest place in WINDOW_S. fastest: largest speed of descent in that
    time. recent: the same in the last RECENT_S. on_legs: whether the legs carry the body.
    trunk_up: whether the trunk is upright and not foreshortened, as when crouching or sitting.
    """

    def __init__(self, picture_height_px: float = math.inf) -> None:
        self._picture_height_px = picture_height_px
        self.height_px = math.nan
        self.shoulders = self.hips = math.nan
        self.drop = self.fastest = self.recent = 0.0
        self.angle_deg = math.nan
        self.on_legs = self.trunk_up = False
        self.body: Body | None = None
        self.t = -math.inf
        self.floor_y = math.nan
        self._floor_t = -math.inf
        self._path: deque[tuple[float, float, float]] = deque()  # second, shoulder y in px, speed there

    def see(self, body: Body, t: float, *, keep_height: bool) -> None:
        """Take in one frame; with `keep_height` the body height can only grow (a lying body looks shorter)."""
        dt = max(t - self.t, 1e-3)
        self.height_px = height_px = next_height(self.height_px, body, dt, keep=keep_height)
        if height_px != height_px:
            return
        jump_px = (JUMP + JUMP_SPEED * min(dt, SPEED_S)) * height_px
        if dt > GAP_S or (self._path and abs(body.neck_y - self._path[-1][1]) > jump_px):
            self._path.clear()
        while self._path and t - self._path[0][0] > WINDOW_S:
            self._path.popleft()
        speed = (body.neck_y - self._at(t - SPEED_S, t, body.neck_y)) / (SPEED_S * height_px)
        if len(self._path) > 1 and t - self._path[-2][0] < SAMPLE_S:
            self._path.pop()
        self._path.append((t, body.neck_y, speed))
        highest_y, self.fastest, self.recent = body.neck_y, 0.0, 0.0
        for then, y, v in self._path:
            highest_y = min(highest_y, y)
            self.fastest = max(self.fastest, v)
            if v > self.recent and t - then <= RECENT_S:
                self.recent = v
        self.drop = (body.neck_y - highest_y) / height_px
        bottom = self._floor(body, t)
        self.shoulders = (bottom - body.neck_y) / height_px
        self.hips = (bottom - body.hip_y) / height_px
        self.angle_deg = body.angle_deg
        trunk = self.shoulders - self.hips
        self.trunk_up = trunk > TRUNK_UP and body.angle_deg < UPRIGHT_DEG
        self.on_legs = self.hips > BENT_HIPS and stands_on_legs(body, height_px)
        self.body, self.t = body, t

    def _at(self, t: float, later_t: float, later_y: float) -> float:
        """Shoulder y at second `t`, given where it is later; before the first sample, where it was first."""
        for then, y, _ in reversed(self._path):
            if then <= t:
                return y + (later_y - y) * (t - then) / max(later_t - then, 1e-6)
            later_t, later_y = then, y
        return later_y

    def _floor(self, body: Body, t: float) -> float:
        """y of the floor under the body: its lowest part, where legs are seen or the body is horizontal."""
        feet_y = body.hip_y + LEG * body.height_px
        if feet_y > self._picture_height_px and body.angle_deg < UPRIGHT_DEG:
            return max(body.bottom, feet_y)
        if body.legs:
            self.floor_y, self._floor_t = body.bottom, t
            return body.bottom
        if t - self._floor_t <= FLOOR_S:
            return max(body.bottom, self.floor_y)
        return body.bottom if body.angle_deg > LYING_DEG else math.nan
