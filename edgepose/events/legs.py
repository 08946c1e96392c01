"""Each leg by itself: does it carry an upright body, is it in line with the trunk, which foot is on the floor.

What one leg does says nothing about the other: somebody who strides, kicks or stands on one leg stands on that one.
Lengths are compared with others of the same leg and body, so that a camera's height and distance matter little.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from edgepose.events.body import Body

ON_FLOOR = 0.12  # a foot this much higher than the lowest one, body heights, is in the air
UPRIGHT = 0.84  # height of a leg against its length: standing legs reach 0.9 to 1, those of a squat 0.6 to 0.9
STRAIGHT = 0.93  # from hip to foot against the length of a leg: the knee is stretched
ASTRIDE = 0.55  # height against length of a stretched leg that slants and carries as a strut, at least
HIGH = 0.33  # hips so many body heights over the foot are those of somebody who stands, be the knees bent a little
LOWEST = 0.2  # a leg that reaches down less than this, body heights, is seen from above or along itself
THIGH_SHARE = 0.68  # height of a thigh against its shank's: about 1 standing, 0 to 0.65 on a seat
SHANK_HIDDEN = 3.0  # and at most, or the shank points at the camera or back
STRIDE = 0.3  # feet so far apart, body heights, with the hips between them, are a stride and no seat's
UNFOLDED = 0.87  # the same of somebody who lies: on hands and knees it is 0.7 to 0.8
STRETCHED = 0.75  # a leg so stretched on the floor is that of somebody who sits there: a croucher's is folded
SEATED_LEG_DEG = 45.0  # from the vertical, of a leg that is stretched along the floor
LYING_LEG_DEG = 42.0  # a leg further from the vertical than this, in line with the trunk, cannot carry it


class Leg(NamedTuple):
    """One leg that is seen from hip to ankle, in pixels.

    thigh_y, shank_y: how far the knee is below the hip and the ankle below the knee. length: of thigh and shank.
    reach: from hip to ankle. ankle_x, ankle_y: the foot. hip_x: the hip.
    """

    thigh_y: float
    shank_y: float
    length: float
    reach: float
    hip_x: float
    ankle_x: float
    ankle_y: float

    @property
    def drop(self) -> float:
        """How far the ankle is below the hip."""
        return self.thigh_y + self.shank_y

    @property
    def angle_deg(self) -> float:
        """From hip to ankle, 0 downwards, 90 level, 180 upwards."""
        return math.degrees(math.acos(max(-1.0, min(1.0, self.drop / max(self.reach, 1e-6)))))


def legs_of(body: Body) -> list[Leg]:
    """The legs that are seen from hip to ankle, the one with the lower foot first."""
    joints = body.leg_joints
    found = []
    for hip_x, hip_y, knee_x, knee_y, ankle_x, ankle_y in (joints[:6], joints[6:]):
        thigh_y, shank_y = knee_y - hip_y, ankle_y - knee_y
        length = math.hypot(knee_x - hip_x, thigh_y) + math.hypot(ankle_x - knee_x, shank_y)
        if length > 0:  # NaN is not
            reach = math.hypot(ankle_x - hip_x, ankle_y - hip_y)
            found.append(Leg(thigh_y, shank_y, length, reach, hip_x, ankle_x, ankle_y))
    if len(found) == 2 and found[1].ankle_y > found[0].ankle_y:
        found.reverse()
    return found


def carries(leg: Leg, height_px: float) -> bool:
    """Whether a leg goes down from the hip like one that somebody stands on, upright or as a slanting strut.

    On a seat the thigh turns towards the horizontal or the camera, so that its height in the picture shrinks against
    the shank's; in a squat the knee is bent.
    """
    drop = leg.drop
    if (
        drop < LOWEST * height_px
        or leg.thigh_y < THIGH_SHARE * leg.shank_y
        or leg.shank_y < THIGH_SHARE / 2 * leg.thigh_y
    ):
        return False
    straight = leg.reach > STRAIGHT * leg.length
    if drop > UPRIGHT * leg.length:
        return straight or drop > HIGH * height_px
    return straight and drop > ASTRIDE * leg.length


def stands(legs: list[Leg], height_px: float) -> bool:
    """Whether one of the legs whose foot is on the floor carries the body."""
    floor_y = legs[0].ankle_y - ON_FLOOR * height_px if legs else 0.0
    return any(leg.ankle_y >= floor_y and carries(leg, height_px) for leg in legs)


def strides(legs: list[Leg], height_px: float) -> bool:
    """Whether the hips are between feet that are far apart, as in a lunge or a long step."""
    if len(legs) < 2:
        return False
    one, other = legs[0].ankle_x - legs[0].hip_x, legs[1].ankle_x - legs[1].hip_x
    return one * other < 0 and abs(one - other) > STRIDE * height_px and min(legs[0].drop, legs[1].drop) > 0


def on_floor(legs: list[Leg]) -> bool:
    """Whether legs are stretched along the floor from somebody who sits there."""
    return bool(legs) and all(leg.angle_deg > SEATED_LEG_DEG and leg.reach > STRETCHED * leg.length for leg in legs)


def lie(legs: list[Leg], lean_px: float) -> bool:
    """Whether all legs that are seen go on in the line of a trunk that leans `lean_px` to the right, and lean too.

    Nobody stands so: a straight body that leans further than LYING_LEG_DEG lies, or is held by its hands.
    """
    return bool(legs) and all(
        leg.angle_deg > LYING_LEG_DEG and leg.reach > UNFOLDED * leg.length and (leg.ankle_x - leg.hip_x) * lean_px < 0
        for leg in legs
    )
