"""Postures: standing, sitting, crouching, lying or unknown, told when they change, with lean and slouch angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgepose.events.body import SHANK, THIGH, TORSO, Body, stands_on_legs
from edgepose.events.measure import measure
from edgepose.events.memory import Memory
from edgepose.events.motion import next_height
from edgepose.events.options import PostureOptions
from edgepose.events.zones import is_ignored
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, Track

LYING_HEIGHT = 0.35  # shoulders over the lowest part, body heights
FLAT_HEIGHT = 0.2  # lying whatever the torso seems to do: seen from its head or feet
CROUCHING = 0.75  # hips over the ankles of somebody who crouches, in shanks; a chair holds them as high as the knees
DEEP = 0.13  # the same in body heights, where the shanks are foreshortened
SEAT = 0.19  # and where the trunk leans, as a croucher's must for balance: a chair holds the hips higher than this
LEANING = 0.7  # height of a leaning trunk in the picture against its length, from any side but the back
SITTING_UP_DEG, SITTING_UP = 12.0, 0.76  # angle and height of the trunk of somebody who sits upright
LEG = 0.4  # hips over the floor of a person whose legs fit the picture, at least, standing or seated


def posture_of(body: Body, height_px: float, lying_deg: float = 55.0) -> str:
    """standing, sitting, crouching, lying or unknown, for a body of a known height in pixels."""
    if not body.measurable or not height_px > 0:
        return "unknown"
    shoulders = (body.bottom - body.neck_y) / height_px
    if shoulders < FLAT_HEIGHT:
        return "lying" if body.legs or body.angle_deg > lying_deg else "unknown"
    on_legs = stands_on_legs(body, height_px)
    if shoulders < LYING_HEIGHT and not on_legs and (body.angle_deg > lying_deg or _stretched(body)):
        return "lying"
    thigh, shank = body.thigh_y, body.shank_y
    if not (thigh == thigh and shank == shank):
        return "unknown"
    if on_legs:
        return "standing"
    kneeling = thigh > 0.5 * THIGH * height_px and shank < 0.4 * SHANK * height_px
    return "crouching" if kneeling or _hips_low(body, height_px) else "sitting"


def _hips_low(body: Body, height_px: float) -> bool:
    """Whether the hips are nearer to the ankles than a seat would hold them.

    From a high camera, thighs that point away from it lift the knees and lower the hips in the picture; an upright
    trunk then speaks for a seat, a leaning one against it.
    """
    hips, shank = body.ankle_y - body.hip_y, body.shank_y
    trunk = body.trunk_y / (TORSO * height_px)
    if body.angle_deg < SITTING_UP_DEG and trunk > SITTING_UP:
        return hips < DEEP * height_px
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
    height_px: float = math.nan
    told: str = ""
    current: str = ""
    since_t: float = 0.0


class PostureRule:
    """Tells each person's posture when it changes and has lasted `hold_s`; used by one thread."""

    def __init__(
        self,
        options: PostureOptions | None = None,
        size_wh: tuple[int, int] | None = None,
        *,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.options = options or PostureOptions()
        self.size_wh = size_wh
        self._skeleton = skeleton
        self._people = Memory(_Person)

    def update(self, tracks: Sequence[Track], t: float) -> list[Event]:
        """Postures that were taken up by monotonic second `t`."""
        found = []
        for track, body in zip(tracks, measure(tracks, self._skeleton), strict=True):
            if track.missing_s > 0 or is_ignored(self.options.zones, body, self.size_wh):
                continue
            person, dt = self._people.see(track.id, t)
            now = posture_of(body, person.height_px, self.options.lying_deg)
            if now != "lying" and self._cut_off(body, person.height_px):
                now = person.current or "unknown"
            person.height_px = next_height(person.height_px, body, dt, keep=now == "lying")
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
        """Whether the feet of an upright body would lie below the picture; networks then invent legs at its edge."""
        return self.size_wh is not None and body.hip_y + LEG * height_px > self.size_wh[1]


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None
