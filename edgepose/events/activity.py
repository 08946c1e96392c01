"""Activities: walking, still, sitting down, getting up; and what stays away (motion, somebody's return to bed)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgepose.events.absence import Absence
from edgepose.events.body import Body
from edgepose.events.height import Height
from edgepose.events.measure import measurable, measure
from edgepose.events.memory import Memory
from edgepose.events.options import ActivityOptions
from edgepose.events.pace import Pace
from edgepose.events.posture import LYING_DEG, RUNS, posture_of
from edgepose.events.seat import Seat
from edgepose.events.zones import body_zone
from edgepose.options import given
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, Track

FLICKER_S = 0.25  # what lasts shorter changes nothing
EVERY_S = 0.12  # what people do lasts: looking at it more often tells nothing new


@dataclass
class _Person:
    t: float
    height: Height = field(default_factory=Height)
    pace: Pace = field(default_factory=Pace)
    seat: Seat = field(default_factory=Seat)
    judged_t: float = -math.inf
    seen_doing: str = ""  # in this frame; it counts when it lasts
    seen_since: float = 0.0
    begun_t: float = 0.0
    doing: str = ""
    doing_since: float = 0.0
    told: str = ""
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
        self.options = given(options, ActivityOptions)
        self.size_wh = size_wh
        self._skeleton = measurable(skeleton)
        self._people = Memory(lambda t: _Person(t, doing_since=t))
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
        person, _ = self._people.see(track_id, t)
        if t - person.judged_t < EVERY_S:
            return []
        person.judged_t = t
        size = person.height.see(body, t)
        if not size > 0:
            return []
        person.pace.see(body, size, self.size_wh[0] if self.size_wh else math.nan, t)
        posture = posture_of(body, size, LYING_DEG)
        found = self._doing(track_id, person, body, posture, t)
        change = person.seat.see(body, posture, size, t)
        if change is not None:
            evidence = {"from": change.before, "to": change.after, "duration_s": round(change.duration_s, 2)}
            found.append(Event("activity", change.stage, t, track_id, 1.0, change.begin_t, evidence=evidence))
        return found

    def _doing(self, track_id: int, person: _Person, body: Body, posture: str, t: float) -> list[Event]:
        """Walking and still, told when they have lasted."""
        options = self.options
        travel, restlessness = person.pace.travel, person.pace.restlessness
        doing = ""
        if travel >= options.walk_speed and not body.angle_deg > 50:
            doing = "walking" if posture != "sitting" or travel > RUNS else ""  # but rides
        elif restlessness <= options.still_speed:
            doing = "still"
        if doing != person.seen_doing:
            # a pace of walking has lasted for as long as it was measured over
            person.seen_doing, person.seen_since = doing, t
            person.begun_t = t - person.pace.span_s if doing == "walking" else t
        if doing != person.doing and t - person.seen_since >= FLICKER_S:
            person.doing, person.doing_since = doing, person.begun_t
            person.told, person.no_motion_told = "", False
        doing = person.doing
        lasted_s = t - person.doing_since
        stages = []
        if (
            doing
            and doing != person.told
            and lasted_s >= (options.still_hold_s if doing == "still" else options.hold_s)
        ):
            person.told = doing
            stages.append(doing)
        if doing == "still" and 0 < options.no_motion_s <= lasted_s and not person.no_motion_told:
            person.no_motion_told = True
            stages.append("no_motion")
        if not stages:
            return []
        evidence = {"speed": round(travel, 2), "restlessness": round(restlessness, 2)}
        return [Event("activity", stage, t, track_id, 1.0, person.doing_since, evidence=evidence) for stage in stages]
