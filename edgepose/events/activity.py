"""Activities: walking, still, sitting down, getting up; and what stays away (motion, somebody's return to bed)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import sub

from edgepose.events.absence import Absence
from edgepose.events.body import Body
from edgepose.events.measure import measure
from edgepose.events.memory import Memory
from edgepose.events.motion import next_height
from edgepose.events.options import ActivityOptions
from edgepose.events.posture import posture_of
from edgepose.events.zones import body_zone
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, Track

SPAN_S = 1.0  # over which speeds are measured
SAMPLE_S = 0.09  # between the frames that are kept for it
SETTLED_S = 0.5  # how long a posture lasts, with the body at rest, before it counts in sitting down and getting up
AT_REST = 0.04  # travel of the hips in that time, body heights
CHANGE_S = 5.0  # longest way between standing and sitting
DEPTH = 0.75  # focal length in picture widths of a usual camera: turns growth of a body into speed towards it
UNSURE = 0.04  # growth of a body that may as well be noise
FLICKER_S = 0.25  # what lasts shorter changes nothing
HIP_Y = 5  # among the parts of a body
DOWN = ("sitting", "lying", "crouching")


@dataclass
class _Person:
    t: float
    height_px: float = math.nan
    path: deque[tuple[float, float, float, float, tuple[float, ...]]] = field(default_factory=deque)
    seen_doing: str = ""  # in this frame; it counts when it lasts
    seen_since: float = 0.0
    doing: str = ""
    doing_since: float = 0.0
    told: str = ""
    posture: str = ""
    posture_since: float = 0.0
    settled: str = ""
    settled_t: float = 0.0
    no_motion_told: bool = False


class ActivityRule:
    """Tells what people do and, where asked for, what they have stopped doing; used by one thread."""

    def __init__(
        self,
        options: ActivityOptions | None = None,
        size_wh: tuple[int, int] | None = None,
        *,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.options = options or ActivityOptions()
        self.size_wh = size_wh
        self._skeleton = skeleton
        self._people = Memory(lambda t: _Person(t, doing_since=t, posture_since=t))
        self._absence = Absence(self.options)

    def update(self, tracks: Sequence[Track], t: float) -> list[Event]:
        """What people were doing up to monotonic second `t`."""
        found: list[Event] = []
        bodies = measure(tracks, self._skeleton)
        anybody, in_beds = False, set()
        for track, body in zip(tracks, bodies, strict=True):
            zone = body_zone(self.options.zones, body, self.size_wh)
            if zone is not None and zone.policy == "bed":
                in_beds.add(zone.name)
            if track.missing_s == 0 and body.measurable and (zone is None or zone.policy != "ignore"):
                anybody = True
                found += self._person_events(track.id, body, t)
        found += self._absence.update(anybody, in_beds, t)
        self._people.forget(t)
        return found

    def _person_events(self, track_id: int, body: Body, t: float) -> list[Event]:
        person, dt = self._people.see(track_id, t)
        posture = posture_of(body, person.height_px)
        person.height_px = next_height(person.height_px, body, dt, keep=posture == "lying")
        if not person.height_px > 0:
            return []
        return self._doing(track_id, person, body, t) + _changing(track_id, person, posture, t)

    def _doing(self, track_id: int, person: _Person, body: Body, t: float) -> list[Event]:
        """Walking and still, told when they have lasted."""
        options = self.options
        travel, restlessness = self._speeds(person, body, t)
        doing = ""
        if travel >= options.walk_speed and not body.angle_deg > 50:
            doing = "walking"
        elif restlessness <= options.still_speed:
            doing = "still"
        if doing != person.seen_doing:
            person.seen_doing, person.seen_since = doing, t
        if doing != person.doing and t - person.seen_since >= FLICKER_S:
            person.doing, person.doing_since = doing, person.seen_since
            person.told, person.no_motion_told = "", False
        doing = person.doing
        lasted_s = t - person.doing_since
        stages = []
        if doing and doing != person.told and lasted_s >= options.hold_s:
            person.told = doing
            stages.append(doing)
        if doing == "still" and 0 < options.no_motion_s <= lasted_s and not person.no_motion_told:
            person.no_motion_told = True
            stages.append("no_motion")
        if not stages:
            return []
        evidence = {"speed": round(travel, 2), "restlessness": round(restlessness, 2)}
        return [Event("activity", stage, t, track_id, 1.0, person.doing_since, evidence=evidence) for stage in stages]

    def _speeds(self, person: _Person, body: Body, t: float) -> tuple[float, float]:
        """Speed of the body over the floor, and of its parts, in body heights per second; NaN while unknown."""
        path, size, parts = person.path, person.height_px, body.parts
        x, y = body.centre
        if body.legs:
            y = body.bottom  # sitting down moves the hips alone
        while path and t - path[0][0] > SPAN_S + SAMPLE_S:
            path.popleft()
        travel = restlessness = math.nan
        span_s = t - path[0][0] if path else 0.0
        if span_s >= 0.6 * SPAN_S:
            _, old_x, old_y, old_size, old = path[0]
            towards = 0.0
            if self.size_wh is not None:
                growth = math.log(size / old_size)
                towards = DEPTH * self.size_wh[0] / size * max(abs(growth) - UNSURE, 0.0)
            travel = math.hypot((x - old_x) / size, (y - old_y) / size, towards) / span_s
            middle = path[len(path) // 2]
            restlessness = max(_moved(parts, old) / span_s, _moved(parts, middle[4]) / (t - middle[0])) / size
        if not path or t - path[-1][0] >= SAMPLE_S:
            path.append((t, x, y, size, parts))
        return travel, restlessness


def _moved(now: tuple[float, ...], then: tuple[float, ...]) -> float:
    """Mean way of the parts seen both times, pixels; NaN where there are none."""
    total: float = sum(map(abs, map(sub, now, then)))
    if total == total:  # all were seen
        return 2 * total / len(now)
    ways = [abs(way) for a, b in zip(now, then, strict=True) if (way := a - b) == way]
    return 2 * sum(ways) / len(ways) if ways else math.nan


def _at_rest(person: _Person, t: float) -> bool:
    """Whether the body has kept its height over the last SETTLED_S."""
    recent = [parts[HIP_Y] for then, *_, parts in person.path if t - then <= SETTLED_S + SAMPLE_S]
    return bool(recent) and max(recent) - min(recent) <= AT_REST * person.height_px


def _changing(track_id: int, person: _Person, posture: str, t: float) -> list[Event]:
    """Sitting down and getting up: one settled posture, and soon after it the other."""
    if posture != person.posture:
        if person.posture == person.settled:
            person.settled_t = t
        person.posture, person.posture_since = posture, t
    if posture == "unknown" or posture == person.settled or t - person.posture_since < SETTLED_S:
        return []
    if not _at_rest(person, t):
        return []
    before, person.settled = person.settled, posture
    soon = t - person.settled_t <= CHANGE_S
    if soon and before == "standing" and posture == "sitting":
        stage = "sitting_down"
    elif soon and before in DOWN and posture == "standing":
        stage = "getting_up"
    else:
        return []
    return [Event("activity", stage, t, track_id, 1.0, person.settled_t, evidence={"from": before, "to": posture})]
