"""How one person stands, sits or lies over the floor: height of the body, of shoulders and hips, and what carries it.

Everything is in body heights and seconds. How the shoulders got where they are is in `descent.py`.
"""

from __future__ import annotations

import math
from collections import deque

from edgepose.events.body import THIGH, Body, stands_on_legs
from edgepose.events.descent import Descent
from edgepose.events.shape import UPRIGHT_DEG, held_up, shoulders_along_sight

FLOOR_S = 2.0  # feet that are hidden are where they were for this long
GROW_S, SHRINK_S = 0.4, 4.0  # time constants of the body height
LEAVING = 0.2  # share of the height that somebody walking away loses per second, at most
LYING_DEG = 55.0
BUSY_S = 2.0  # time constant of how fast somebody moves
SEATED = 0.72  # shoulders of somebody on a seat are no higher over the floor, body heights
FLAT = 0.22  # shoulder height of a body on the floor; over the floor, a bed or sofa holds it higher
AT_REST = 0.25  # body heights per second
ALONG_S = 0.5  # a body that lies along the line of sight stays at rest; one that bends or crouches goes on
ALONG_DROP = 0.2  # and it has come down in the picture as well; one that walks away has not
BENT_HIPS = 0.25  # hips over the floor of somebody who bends down, at least
STRETCH = 1.5  # seen against known body height beyond which a skeleton has joints of two people: nobody grows like that
SPAN = 0.5  # nor is anybody this broad, body heights: shoulders are a quarter of a height apart (Drillis and Contini)
WIDENS = 2.0  # and suddenly so: who lies along the line of sight looks short, hence broad, but does so all the time
MIXED_S = 1.0  # unless it lasts: then the known height was too small
WALKS = 0.3  # seen body heights per second sideways: who goes like this upright on legs walks; slowly is 0.5
WALK_S = 0.5  # over which that is measured: half a stride
LEG = 0.4  # an upright body whose feet would be below the picture stands there, whatever legs a network invents


def next_height(known_px: float, body: Body, dt_s: float, *, keep: bool = False) -> float:
    """Body height after another sight of it: quick to grow, slow to shrink, not shrinking at all with `keep`.

    Limbs are foreshortened, seldom stretched. Somebody upright who walks away does get smaller, though no faster than
    LEAVING; who falls along the line of sight looks upright too, but shrinks at once.
    """
    seen_px = body.height_px
    if known_px != known_px:
        return seen_px
    if seen_px > known_px:
        return known_px + (seen_px - known_px) * (1 - math.exp(-dt_s / GROW_S))
    if keep or seen_px != seen_px:
        return known_px
    upright = body.angle_deg < 25 and stands_on_legs(body, seen_px)
    shrink = (known_px - seen_px) * (1 - math.exp(-dt_s / (GROW_S if upright else SHRINK_S)))
    return known_px - min(shrink, LEAVING * known_px * dt_s)


class Motion:
    """Where the body of one person is over the floor; fed with every frame in which it is measurable.

    picture_height_px: where the picture ends; a floor below it is out of sight.
    height_px: body height. shoulders, hips: height over the floor; NaN while the floor under the body is unknown.
    stood_t: when the shoulders were last higher than on any seat; upright_t: when the trunk was last upright. busy: how
    fast shoulders and hands of a lying body move lately, body heights per second. descent: how the shoulders came
    down. What carries the body is worked out when somebody asks.
    """

    def __init__(self, picture_height_px: float = math.inf) -> None:
        self._picture_height_px = picture_height_px
        self.height_px = math.nan
        self.shoulders = self.hips = math.nan
        self.descent = Descent()
        self.angle_deg = math.nan
        self.stood_t = self.upright_t = -math.inf
        self.busy = 0.0
        self.body: Body | None = None
        self.t = -math.inf
        self.floor_y = math.nan
        self._floor_t = -math.inf
        self._walking = self._along = False
        self._along_s = 0.0
        self._mixed_since = self._span_px = math.nan
        self._path: deque[tuple[float, float, float]] = deque()  # second, x of hips and of ankles while upright

    @property
    def on_legs(self) -> bool:
        """Whether the legs carry the body."""
        if self.body is None or self._along:
            return False
        return self._walking or (self.hips > BENT_HIPS and stands_on_legs(self.body, self.height_px))

    @property
    def held_up(self) -> float:
        """How surely, 0 to 1, feet, knees or a seat carry it."""
        return 0.0 if self.body is None or self._along else held_up(self.body, self.height_px)

    @property
    def cut_off(self) -> bool:
        """Whether an upright body is so low in the picture that its knees are below it."""
        body = self.body
        if body is None or not body.angle_deg < UPRIGHT_DEG:
            return False
        return body.hip_y + THIGH * body.height_px > self._picture_height_px

    def is_mixed(self, body: Body, t: float) -> bool:
        """Whether a body has suddenly become longer or broader than it can, as some of its joints are somebody else's.

        People who pass each other are mixed up for moments. One of them would count as tall from then on, so that
        upright shoulders seem low; or shoulders halfway to another person's would seem to have come down.
        """
        # the larger of both, for somebody may come near quickly
        height_px = max(self.height_px, self.body.height_px) if self.body else math.nan
        span_px = body.span_px
        too_broad = span_px > SPAN * height_px and not span_px < WIDENS * self._span_px
        if not (body.height_px > STRETCH * height_px or too_broad):
            self._mixed_since = math.nan
        elif not t - self._mixed_since <= 2 * MIXED_S:
            self._mixed_since = t
        if t - self._mixed_since < MIXED_S:
            return True
        if span_px == span_px:
            self._span_px = span_px  # how broad this person is
        return False

    def see(self, body: Body, t: float, *, keep_height: bool) -> None:
        """Take in one frame; with `keep_height` the body height can only grow (a lying body looks shorter)."""
        dt = max(t - self.t, 1e-3)
        self._walking = self._walks(body, t)
        keep = (keep_height or self._along_s > 0) and not self._walking
        self.height_px = height_px = next_height(self.height_px, body, dt, keep=keep)
        if height_px != height_px:
            return
        bottom = self._floor(body, t)
        self.shoulders = (bottom - body.neck_y) / height_px
        self.hips = (bottom - body.hip_y) / height_px
        self.angle_deg = body.angle_deg
        if self.shoulders >= SEATED:
            self.stood_t = t
        if body.angle_deg < UPRIGHT_DEG:
            self.upright_t = t
        if body.angle_deg > LYING_DEG:
            self._work(body, dt)
        lies = self.shoulders < FLAT and body.angle_deg > LYING_DEG
        self.descent.see(t, body.neck_y, body.hip_y, height_px, lies=lies)
        self.body, self.t = body, t
        hidden = math.nan if self._walking else self.shoulders - shoulders_along_sight(body, height_px)
        self._look_along(hidden, dt)

    def _work(self, body: Body, dt: float) -> None:
        """Follow how fast shoulders and hands move: who exercises on the floor lies there too."""
        before = self.body
        if before is None or dt > BUSY_S:
            return
        hands = math.hypot(body.hand_x - before.hand_x, body.hand_y - before.hand_y)
        neck = math.hypot(body.neck_x - before.neck_x, body.neck_y - before.neck_y)
        speed = max(neck, hands if hands == hands else 0.0) / (self.height_px * dt)
        self.busy += (min(speed, 2.0) - self.busy) * (1 - math.exp(-dt / BUSY_S))

    def _walks(self, body: Body, t: float) -> bool:
        """Whether an upright body goes sideways on its legs, however small it looks for the height that is known.

        Hips and feet go together; in a fall the feet stay where they are.
        """
        path = self._path
        if not body.angle_deg < UPRIGHT_DEG or t - self.t > 2 * WALK_S:
            path.clear()
        path.append((t, body.hip_x, body.ankle_x))
        while len(path) > 1 and t - path[1][0] >= WALK_S:
            path.popleft()
        then, hip_x, ankle_x = path[0]
        least_px = WALKS * body.height_px * max(t - then, WALK_S)
        hips, feet = body.hip_x - hip_x, body.ankle_x - ankle_x
        if not abs(hips) >= least_px or (feet if hips > 0 else -feet) < least_px:
            return False
        return stands_on_legs(body, body.height_px)

    def _look_along(self, hidden: float, dt: float) -> None:
        """What the picture shows as height is depth where a body has come to lie along the line of sight.

        hidden: by how much the shoulders are lower than they seem, body heights; NaN where they are not.
        """
        along = hidden > 0 and self.descent.drop >= ALONG_DROP
        if not (along or self._along_s > 0):
            self._along = False
            return  # nearly always
        self._along_s += dt if along and self.descent.speed < AT_REST else -dt
        self._along_s = min(max(self._along_s, 0.0), 2 * ALONG_S)
        self._along = along and self._along_s >= ALONG_S
        if self._along:
            self.shoulders -= hidden
            self.descent.stretch(hidden)

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
