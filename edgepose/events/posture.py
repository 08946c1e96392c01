"""Postures: standing, sitting, crouching, lying or unknown, told when they change, with lean and slouch angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from edgepose.events.body import SHANK, THIGH, TORSO, Body, stands_on_legs
from edgepose.events.height import Height
from edgepose.events.legs import LOWEST, Leg, legs_of, lie, on_floor, stands, strides
from edgepose.events.measure import measurable, measure
from edgepose.events.memory import Memory
from edgepose.events.options import PostureOptions
from edgepose.events.zones import is_ignored
from edgepose.options import given
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, Track

LYING_DEG = 55.0  # angle of a lying torso from upright, where no option says another
LYING_HEIGHT = 0.35  # shoulders over the lowest part, body heights
FLAT_HEIGHT = 0.2  # lying whatever the torso seems to do: seen from its head or feet
CROUCHING = 0.75  # hips over the ankles of somebody who crouches, in shanks; a chair holds them as high as the knees
DEEP = 0.13  # the same in body heights, where the shanks are foreshortened,
UPRIGHT_DEEP = 0.1  # and where the trunk is upright
SEAT = 0.19  # and where the trunk leans, as a croucher's must for balance: a chair holds the hips higher than this
LEANING = 0.7  # height of a leaning trunk in the picture against its length, from any side but the back
SITTING_UP_DEG, SITTING_UP = 12.0, 0.76  # angle and height of the trunk of somebody who sits upright
RUNS = 0.6  # body heights per second: hips that travel faster are on no seat, a wheelchair's included
SPEED_S = 0.3  # time constant of that speed
EVERY_S = 0.12  # postures last: looking at them more often tells nothing new
EDGE = 0.02  # of the picture's height: joints this near its lower edge may be invented
ON_KNEES = 0.75  # height against length of a thigh that stands on its knee whatever the trunk does,
KNEELING = 0.5  # and of one that is on its knee where nothing else speaks for lying or standing
ON_HANDS = 0.05  # hands lower in the picture than the feet by this, body heights, stand on the floor before them
LEG = 0.4  # hips over the floor of a person whose legs fit the picture, at least, standing or seated


@lru_cache(maxsize=32)  # those of a frame: bodies kept for longer cost more in memory than they save
def posture_of(body: Body, height_px: float, lying_deg: float = LYING_DEG) -> str:
    """standing, sitting, crouching, lying or unknown, for a body of a known height in pixels.

    The rules of one frame share one judgement, as they share the body.
    """
    if not body.measurable or not height_px > 0:
        return "unknown"
    legs = legs_of(body)
    if body.angle_deg > lying_deg and lie(legs, body.neck_x - body.hip_x):
        return "lying"  # a plank or push-up as well, however high the arms hold the shoulders
    if legs and _kneels(legs[0].thigh_y, legs[0].shank_y, ON_KNEES, height_px):
        return "crouching"
    if legs and body.angle_deg < lying_deg and _on_hands(body, legs, height_px):
        return "lying"
    shoulders = (body.bottom - body.neck_y) / height_px
    on_legs = stands(legs, height_px) if legs else stands_on_legs(body, height_px)
    if shoulders < FLAT_HEIGHT:
        return "lying" if body.legs or body.angle_deg > lying_deg else "unknown"
    if shoulders < LYING_HEIGHT and not on_legs and (body.angle_deg > lying_deg or _stretched(body)):
        return "lying"
    if on_legs:
        return "standing"
    if strides(legs, height_px):
        return "standing" if legs[0].drop > LOWEST * height_px else "crouching"
    if on_floor(legs):
        return "sitting"
    thigh, shank = (legs[0].thigh_y, legs[0].shank_y) if legs else (body.thigh_y, body.shank_y)
    if not (thigh == thigh and shank == shank):
        return "unknown"
    return (
        "crouching"
        if _kneels(thigh, shank, KNEELING, height_px) or _hips_low(body, thigh + shank, shank, height_px)
        else "sitting"
    )


def _kneels(thigh_y: float, shank_y: float, share: float, height_px: float) -> bool:
    """Whether a thigh stands on its knee, at least `share` of its length high in the picture."""
    return thigh_y > share * THIGH * height_px and shank_y < 0.4 * SHANK * height_px


def _on_hands(body: Body, legs: list[Leg], height_px: float) -> bool:
    """Whether stretched arms stand on the floor nearer than the feet: a push-up seen from the head.

    On hands and knees the thighs stand.
    """
    _, r_shoulder_y, _, r_elbow_y, _, r_wrist_y, _, l_shoulder_y, _, l_elbow_y, _, l_wrist_y = body.arms
    feet_y = legs[0].ankle_y + ON_HANDS * height_px
    return (
        legs[0].thigh_y < 0.5 * THIGH * height_px
        and r_wrist_y > feet_y
        and l_wrist_y > feet_y
        and r_wrist_y > r_elbow_y > r_shoulder_y
        and l_wrist_y > l_elbow_y > l_shoulder_y
    )


def _hips_low(body: Body, hips: float, shank: float, height_px: float) -> bool:
    """Whether the hips, so far over the foot, are nearer to it than a seat would hold them.

    From a high camera, thighs that point away from it lift the knees and lower the hips in the picture; an upright
    trunk then speaks for a seat, a leaning one against it.
    """
    trunk = body.trunk_y / (TORSO * height_px)
    if body.angle_deg < SITTING_UP_DEG and trunk > SITTING_UP:
        return hips < UPRIGHT_DEEP * height_px
    if trunk < LEANING and hips < SEAT * height_px:
        return True
    return hips < max(CROUCHING * shank, DEEP * height_px)


def _stretched(body: Body) -> bool:
    """Whether legs and torso shrink alike, as those of somebody who lies along the line of sight."""
    trunk = body.trunk_y
    return trunk > 0 and body.thigh_y > 0.5 * trunk and body.shank_y > 0.5 * trunk


def slouch_deg(body: Body) -> float:
    """Angle between the head and the line of the torso; 0 is straight, NaN unknown."""
    head = math.atan2(body.head_x - body.neck_x, body.neck_y - body.head_y)
    torso = math.atan2(body.neck_x - body.hip_x, body.hip_y - body.neck_y)
    return abs(math.degrees(math.remainder(head - torso, math.tau)))


@dataclass
class _Person:
    t: float
    height: Height = field(default_factory=Height)
    told: str = ""
    current: str = ""
    since_t: float = 0.0
    centre: tuple[float, float] = (math.nan, math.nan)
    judged_t: float = -math.inf
    speed: float = 0.0

    def see(self, body: Body, t: float) -> float:
        """Height in pixels after another sight of the body at second `t`."""
        height_px, dt_s = self.height.see(body, t), t - self.judged_t
        self.judged_t = t
        if body.hip_y == body.hip_y:
            way_px = math.dist((body.hip_x, body.hip_y), self.centre)
            if way_px == way_px and height_px > 0:
                share = 1 - math.exp(-dt_s / SPEED_S)
                self.speed += (min(way_px / (height_px * dt_s), 4.0) - self.speed) * share
            self.centre = body.hip_x, body.hip_y
        return height_px


class PostureRule:
    """Tells each person's posture when it changes and has lasted `hold_s`; used by one thread."""

    def __init__(
        self,
        options: PostureOptions | None = None,
        size_wh: tuple[int, int] | None = None,
        *,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.options = given(options, PostureOptions)
        self.size_wh = size_wh
        self._skeleton = measurable(skeleton)
        self._people = Memory(_Person)

    def update(self, tracks: Sequence[Track], t: float) -> list[Event]:
        """Postures that were taken up by monotonic second `t`."""
        found = []
        for track, body in zip(tracks, measure(tracks, self._skeleton), strict=True):
            if track.missing_s > 0 or is_ignored(self.options.zones, body, self.size_wh):
                continue
            person, _ = self._people.see(track.id, t)
            if t - person.judged_t < EVERY_S:
                continue
            height_px = person.see(body, t)
            now = posture_of(body, height_px, self.options.lying_deg)
            if (now != "lying" and self._cut_off(body, height_px)) or (now == "sitting" and person.speed > RUNS):
                now = person.current or "unknown"
            if now != person.current:
                person.current, person.since_t = now, t
            if now != person.told and t - person.since_t >= self.options.hold_s:
                person.told = now
                found.append(self._event(track.id, body, person))
        self._people.forget(t)
        return found

    def _event(self, track_id: int, body: Body, person: _Person) -> Event:
        evidence = {
            "torso_angle_deg": _whole(body.angle_deg),
            "lean_deg": _whole(body.lean_deg),
            "leaning": abs(body.lean_deg) >= self.options.lean_deg,
            "slouch_deg": _whole(slouch_deg(body)),
            "keypoints_used": int(body.n),
        }
        return Event("posture", person.told, person.t, track_id, 1.0, person.since_t, evidence=evidence)

    def _cut_off(self, body: Body, height_px: float) -> bool:
        """Whether the feet of an upright body are not seen and would lie below the picture.

        Networks then invent legs at its edge; feet that are seen above the edge are there.
        """
        if self.size_wh is None or body.ankle_y < (1 - EDGE) * self.size_wh[1]:
            return False
        return body.hip_y + LEG * height_px > self.size_wh[1]


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None
