"""What the shape of a low body says: is it held up by feet, knees or a seat, does it lie along the line of sight.

A picture shows somebody who fell towards or away from the camera as small and upright, hardly lower than somebody
who crouches. Two things tell them apart. A body that holds itself up is folded: the legs do not continue the line of
the trunk. And limbs that lie along the line of sight all shrink alike, at once, by more than any posture does.
"""

from __future__ import annotations

import math

from edgepose.events.body import SHANK, THIGH, Body

UPRIGHT_DEG = 45.0
RISEN = 0.17  # height of an upright trunk in the picture, body heights; 0.29 when it is not foreshortened
RISES = 0.1  # the same of a trunk that leans over folded legs,
RISES_DEG = 60.0  # and its angle from upright at most
FOLDED = 0.5  # height of the thighs against the trunk's: 0 or less when sitting or crouching, near 1 in a straight body
KNEELING = 0.75  # height of the thighs of somebody on knees, in thighs; lying ones reach it only under steep cameras
SHRUNK = 0.75  # seen against known body height of somebody who may lie along the line of sight
LOOKS_DOWN = math.radians(20)  # how steeply a camera at 2 m sees a person 4 m away
SHOULDERS = 0.82  # over the feet of somebody standing, body heights


def held_up(body: Body, height_px: float) -> float:
    """How surely, 0 to 1, a low body is carried by its seat, its feet or its knees: the more, the higher its trunk."""
    trunk, thigh, shank = body.trunk_y, body.thigh_y, body.shank_y
    if thigh > KNEELING * THIGH * height_px and shank < 0.4 * SHANK * height_px:
        return 1.0
    share = trunk / (RISEN * height_px)
    if share >= 1 and body.angle_deg < UPRIGHT_DEG:
        return 1.0
    folded = trunk > RISES * height_px and body.angle_deg < RISES_DEG and thigh < FOLDED * trunk
    return min(share, 1.0) if folded else 0.0


def shoulders_along_sight(body: Body, height_px: float) -> float:
    """How high over the floor the shoulders of a shrunken, stretched body are, body heights; NaN for all others.

    A straight body that leans away by an angle a shows cos(a - e) / cos(e) of its standing height to a camera that
    looks down by e; how far it leans follows from the share that is seen.
    """
    share = body.height_px / height_px
    if not share < SHRUNK:
        return math.nan
    trunk, thigh, shank = body.trunk_y, body.thigh_y, body.shank_y
    in_line = trunk > 0 and thigh > FOLDED * trunk and shank > FOLDED * trunk
    if not (in_line and shank < SHRUNK * SHANK * height_px and thigh < SHRUNK * THIGH * height_px):
        return math.nan
    lean = LOOKS_DOWN + math.acos(share * math.cos(LOOKS_DOWN))
    return max(SHOULDERS * math.cos(lean), 0.0)
