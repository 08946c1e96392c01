"""What generated people do: postures strung together in time, deliberately or by gravity.

Each script draws its own durations and directions. `FALLS` end on the floor; `DAILY` holds their nearest neighbours
and everyday life; `GESTURES` and `ACTIVITIES` hold what those rules should tell, and what they should not. Who goes
down deliberately takes a second or more, so that the trunk stays near the 1.3 m/s which daily life does not exceed and
falls do (Bourke, O'Donovan and O'Laighin 2008, Med. Eng. Phys. 30).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from edgepose.training.trajectories.body import (
    BENDING,
    CROUCHING,
    KNEELING,
    ON_ALL_FOURS,
    SITTING,
    SITTING_BENT,
    SITTING_ON_FLOOR,
    STANDING,
    Posture,
    Vector,
    arms,
    legs,
    lying,
)  # fmt: skip

Ease = Literal["smooth", "fall", "walk", "wave"]
Random = np.random.Generator


@dataclass(frozen=True)
class Step:
    """Go to a posture in `seconds`: smoothly as one wills, or accelerating as gravity does; move over the floor too.

    speed: metres per second forwards while walking. shift_m: way to the left taken meanwhile, as in rolling out of bed.
    fallen: whether this step ends with the impact of a fall.
    """

    posture: Posture
    seconds: float
    ease: Ease = "smooth"
    speed: float = 0.0
    shift_m: float = 0.0
    fallen: bool = False


Script = Callable[[Random], list[Step]]


def _hold(posture: Posture, seconds: float) -> Step:
    return Step(posture, seconds)


def _walk(r: Random, seconds: float) -> Step:
    return Step(STANDING, seconds, "walk", speed=r.uniform(0.5, 1.4))


def _fidget(r: Random, posture: Posture, amount: float = 0.1) -> Posture:
    """The same posture as another person, or the same one later, would take it."""
    values = {
        name: tuple(float(v) for v in np.add(getattr(posture, name), r.normal(0, amount, 3)))
        for name in Posture.__dataclass_fields__
        if name not in ("seat", "lateral")
    }
    return replace(posture, **values)  # type: ignore[arg-type]


def _way(r: Random) -> tuple[Vector, str]:
    """A direction to fall in, and what then shows up."""
    angle = r.choice([0.0, math.pi, math.pi / 2, -math.pi / 2]) + r.normal(0, 0.25)
    face = "down" if math.cos(angle) > 0.6 else "up" if math.cos(angle) < -0.6 else "side"
    return (math.cos(angle), math.sin(angle), 0.0), face


def _down(r: Random, start: Posture, seconds: float, ease: Ease = "fall", via_knees: bool = False) -> list[Step]:
    side, face = _way(r)
    floor = _fidget(r, lying(side, face))
    if via_knees:
        share = r.uniform(0.35, 0.6)
        return [Step(KNEELING, seconds * share, ease), Step(floor, seconds * (1 - share), ease, fallen=True)]
    return [Step(floor, seconds, ease, fallen=True)]


def fall_standing(r: Random) -> list[Step]:
    start = _fidget(r, STANDING, 0.05)
    fall = _down(r, start, r.uniform(0.55, 1.2), via_knees=r.random() < 0.3)
    return [_hold(start, r.uniform(1, 3)), *fall, *_still_there(r, fall)]


def fall_walking(r: Random) -> list[Step]:
    fall = _down(r, STANDING, r.uniform(0.55, 1.1), via_knees=r.random() < 0.3)
    return [_walk(r, r.uniform(1.5, 3)), *fall, *_still_there(r, fall)]


def fall_from_chair(r: Random) -> list[Step]:
    start = _fidget(r, SITTING, 0.05)
    fall = _down(r, start, r.uniform(0.6, 1.1))
    return [_hold(start, r.uniform(1.5, 4)), *fall, *_still_there(r, fall)]


def fall_sitting_down(r: Random) -> list[Step]:
    """The chair is not where it was expected."""
    fall = [Step(SITTING_ON_FLOOR, r.uniform(0.5, 0.8), "fall"), *_down(r, SITTING_ON_FLOOR, r.uniform(0.3, 0.6))]
    return [_hold(_fidget(r, STANDING, 0.05), r.uniform(1, 3)), *fall, *_still_there(r, fall)]


def fall_slowly(r: Random) -> list[Step]:
    """Sliding down along something."""
    fall = _down(r, STANDING, r.uniform(1.4, 2.2), "smooth", via_knees=r.random() < 0.5)
    return [_hold(_fidget(r, STANDING, 0.05), r.uniform(1, 3)), *fall, *_still_there(r, fall)]


def fall_from_bed(r: Random) -> list[Step]:
    """Rolling over the edge of a bed."""
    seat, way = float(r.uniform(0.4, 0.6)), float(r.choice([-1.0, 1.0]))
    bed = replace(lying((1.0, 0.0, 0.0), "up"), seat=seat)
    fall = [
        Step(_fidget(r, lying((1.0, 0.0, 0.0), "side")), r.uniform(0.4, 0.7), "fall", shift_m=way * 0.7, fallen=True)
    ]
    return [Step(_fidget(r, bed, 0.05), r.uniform(2, 4)), *fall, *_still_there(r, fall)]


def _still_there(r: Random, fall: list[Step]) -> list[Step]:
    floor = fall[-1].posture
    if r.random() < 0.15:
        return [_hold(floor, r.uniform(2, 3)), Step(SITTING_ON_FLOOR, r.uniform(1.5, 3)), _hold(SITTING_ON_FLOOR, 2.0)]
    return [Step(_fidget(r, floor, 0.05), 1.0) for _ in range(r.integers(3, 7))]


def stand(r: Random) -> list[Step]:
    return [Step(_fidget(r, STANDING, 0.04), 1.0) for _ in range(6)]


def sit(r: Random) -> list[Step]:
    return [Step(_fidget(r, SITTING, 0.04), 1.0) for _ in range(6)]


def walk(r: Random) -> list[Step]:
    return [_walk(r, r.uniform(3, 6))]


def sit_down(r: Random) -> list[Step]:
    return [_hold(STANDING, r.uniform(1, 2)), Step(_fidget(r, SITTING, 0.05), r.uniform(0.9, 2)), _hold(SITTING, 3.0)]


def get_up(r: Random) -> list[Step]:
    return [_hold(SITTING, r.uniform(1.5, 3)), Step(STANDING, r.uniform(0.9, 2)), _hold(STANDING, 3.0)]


def crouch(r: Random) -> list[Step]:
    low = _fidget(r, CROUCHING, 0.08)
    return [_hold(STANDING, 1.5), Step(low, r.uniform(1.0, 2.0)), _hold(low, r.uniform(1, 4)), Step(STANDING, 1.2)]


def pick_up(r: Random) -> list[Step]:
    low = _fidget(r, BENDING, 0.08)
    return [_hold(STANDING, 1.5), Step(low, r.uniform(0.6, 1.5)), _hold(low, r.uniform(0.2, 3)), Step(STANDING, 1.0),
            _hold(STANDING, 1.5)]  # fmt: skip


def pick_up_seated(r: Random) -> list[Step]:
    return [_hold(SITTING, 1.5), Step(_fidget(r, SITTING_BENT, 0.08), r.uniform(0.6, 1.5)), _hold(SITTING_BENT, 1.0),
            Step(SITTING, 1.0), _hold(SITTING, 1.0)]  # fmt: skip


def kneel(r: Random) -> list[Step]:
    """Deliberately down to hands and knees, some crawling, and up again."""
    return [_hold(STANDING, 1.5), Step(KNEELING, r.uniform(1, 1.8)), Step(ON_ALL_FOURS, r.uniform(0.8, 1.5)),
            *(Step(_fidget(r, ON_ALL_FOURS, 0.1), 0.7) for _ in range(4)), Step(KNEELING, 1.0),
            Step(STANDING, 1.5)]  # fmt: skip


def lie_down_on_bed(r: Random) -> list[Step]:
    seat = float(r.uniform(0.4, 0.6))
    edge = replace(SITTING, seat=seat)
    flat = replace(_fidget(r, lying((0.0, float(r.choice([-1.0, 1.0])), 0.0), "up"), 0.05), seat=seat)
    return [_hold(STANDING, 1.0), Step(edge, r.uniform(1, 1.8)), _hold(edge, r.uniform(0.3, 2)),
            Step(flat, r.uniform(1.2, 2.5)), _hold(flat, 4.0)]  # fmt: skip


def sit_on_floor(r: Random) -> list[Step]:
    return [_hold(STANDING, 1.0), Step(CROUCHING, r.uniform(1.0, 1.8)), Step(SITTING_ON_FLOOR, r.uniform(0.7, 1.2)),
            _hold(SITTING_ON_FLOOR, 4.0)]  # fmt: skip


def exercise(r: Random) -> list[Step]:
    """Knee bends."""
    bend, seconds = legs(STANDING, (0.8, 0, -0.5), (-0.45, 0, -0.9)), r.uniform(0.6, 1.2)
    return [_hold(STANDING, 1.0), *(Step(p, seconds) for _ in range(4) for p in (bend, STANDING))]


FALLS: dict[str, Script] = {
    "fall standing": fall_standing,
    "fall walking": fall_walking,
    "fall from chair": fall_from_chair,
    "fall sitting down": fall_sitting_down,
    "fall slowly": fall_slowly,
    "fall from bed": fall_from_bed,
}
DAILY: dict[str, Script] = {
    "stand": stand, "sit": sit, "walk": walk, "sit down": sit_down, "get up": get_up, "crouch": crouch,
    "pick up": pick_up, "pick up seated": pick_up_seated, "kneel": kneel, "lie down on bed": lie_down_on_bed,
    "sit on floor": sit_on_floor, "exercise": exercise,
}  # fmt: skip


def _arms_script(posture: Posture, ease: Ease = "smooth") -> Script:
    def script(r: Random) -> list[Step]:
        start = STANDING
        raised = _fidget(r, posture, 0.04)
        return [_hold(start, r.uniform(0.8, 2)), Step(raised, r.uniform(0.4, 0.8)), Step(raised, r.uniform(2, 3), ease),
                Step(start, 0.6), _hold(start, 1.0)]  # fmt: skip

    return script


_RAISED: tuple[Vector, Vector] = ((0.1, -0.25, 1.0), (0.05, 0.05, 1.0))
_LEVEL: tuple[Vector, Vector] = ((0.05, -1.0, 0.0), (0.05, -1.0, 0.05))
GESTURES: dict[str, Script] = {
    "hands_up": _arms_script(arms(STANDING, *_RAISED)),
    "hand_raised": _arms_script(replace(STANDING, r_arm=_RAISED[0], r_forearm=_RAISED[1])),
    "wave": _arms_script(replace(STANDING, r_arm=(0.2, -0.9, 0.1), r_forearm=(0.1, 0.0, 1.0)), "wave"),
    "point": _arms_script(replace(STANDING, r_arm=_LEVEL[0], r_forearm=_LEVEL[1])),
}
"""Which gesture each should be told as; `point` by where the arm goes in the picture."""

QUIET_GESTURES: dict[str, Script] = {
    "hands on head": _arms_script(arms(STANDING, (0.0, -0.9, 0.45), (0.15, 0.85, 0.25))),
    "telephone": _arms_script(replace(STANDING, r_arm=(0.3, -0.5, -0.6), r_forearm=(0.1, 0.35, 0.95))),
    "hand held out": _arms_script(replace(STANDING, r_arm=(0.2, -0.5, -0.8), r_forearm=(0.2, -0.2, 0.6))),
    "arms spread": _arms_script(arms(STANDING, *_LEVEL)),
}
"""Their nearest neighbours, in the same order, which should be told as nothing."""


def step_on_spot(r: Random) -> list[Step]:
    return [Step(STANDING, r.uniform(3, 5), "walk")]


def fidget(r: Random) -> list[Step]:
    moving = arms(STANDING, (0.8, -0.4, 0.1), (0.5, 0.5, 0.6))
    return [Step(p, r.uniform(0.4, 0.6)) for _ in range(5) for p in (moving, STANDING)]


ACTIVITIES: dict[str, Script] = {"walking": walk, "still": stand, "sitting_down": sit_down, "getting_up": get_up}
QUIET_ACTIVITIES: dict[str, Script] = {
    "step on spot": step_on_spot, "fidget": fidget, "crouch": crouch, "pick up": pick_up,
}  # fmt: skip
"""The neighbour of each activity in the same order: what should not be told as it."""
