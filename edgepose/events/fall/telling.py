"""What an event says of a fall: its score and its evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from edgepose.events.body import Body
from edgepose.events.fall.person import Person
from edgepose.events.options import FallOptions
from edgepose.types import Event

LEAST_SCORE = {"suspected": 0.2, "confirmed": 0.6, "found_down": 0.7, "long_lie": 0.8}
"""The score of a stage where hardly anything was seen of the way down: what is graver scores more."""


def fall_event(person: Person, stage: str, t: float, options: FallOptions, **more: Any) -> Event:
    """The event of one stage of a person's open fall at camera second `t`."""
    episode, motion = person.episode, person.motion
    assert episode is not None
    evidence = {
        "cause": episode.cause,
        "strength": round(episode.strength, 2),
        "drop": round(motion.descent.drop, 2),
        "drop_speed": round(motion.descent.fastest, 2),
        "shoulder_height": _rounded(motion.shoulders),
        "torso_angle_deg": _rounded(motion.angle_deg, 0),
        "down_s": round(t - episode.began_t, 2),
        "seen_down_s": round(person.down_s, 2),
        "missing_s": round(t - motion.t, 2),
        "keypoints_used": int(motion.body.n) if motion.body else 0,
        "second_look": person.second_look,
        **({"drill": True} if options.drill else {}),
        **more,
    }
    least = LEAST_SCORE.get(episode.stage, 0.0)
    score = least + (1 - least) * min(1.0, episode.strength / 2)
    zone = person.bed.name if person.bed else None
    return Event("fall", stage, t, person.id, score, episode.began_t, episode.id, zone, evidence)


def others_near(person: Person, bodies: Sequence[Body], *, seen: bool) -> int:
    """How many others stand or kneel within arm's reach of a fallen person. seen: whether the person is among them."""
    body = person.motion.body
    if body is None:
        return 0
    (x, y), reach_px = body.centre, person.motion.height_px
    near = [other for other in bodies if math.hypot(other.centre[0] - x, other.centre[1] - y) < reach_px]
    return max(0, len(near) - seen)


def _rounded(value: float, digits: int = 2) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
