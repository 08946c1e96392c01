"""Falls: what happened to each person, from the first suspicion to the end of the episode.

    watching -> suspected -> confirmed -> long_lie -> recovered | cleared
    lying from the start, outside every zone -> found_down -> long_lie -> recovered | cleared
    lost in any of these -> unknown, never a silent "fine"

A skeleton on the floor is not required: a fast descent that ends in a lost track is evidence, and the network is
asked for a second, turned look. Stillness is not required either, and somebody who goes down slowly and stays there
is told as well, later. What counts as evidence is in `evidence.py`; how an episode goes on, in `episode.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from edgepose.clock import uuid7
from edgepose.events.body import Body
from edgepose.events.fall.episode import FOUND_DOWN, begin_cause, next_stage
from edgepose.events.fall.following import Follower
from edgepose.events.fall.looks import best_body, wanted_look
from edgepose.events.fall.person import Episode, Person
from edgepose.events.measure import measure
from edgepose.events.motion import LYING_DEG, Motion
from edgepose.events.options import FallOptions
from edgepose.events.rate import FrameRate
from edgepose.events.zones import body_zone, is_ignored
from edgepose.health import Trouble
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, LookAgain, Pose, Track

REJOIN_S = 3.0  # a new track beside one lost no longer ago goes on with its story: ids seldom survive every fall
REJOIN = 0.8  # how near, in body heights
ENDED = ("recovered", "cleared")


class FallDetector:
    """Watches the people of one camera for falls; used by one thread.

    options: thresholds, times and zones. size_wh: width and height of the picture in pixels; zones and the edges of
    the view need it, without it they are not considered. skeleton: which keypoints the poses have.
    """

    def __init__(
        self,
        options: FallOptions | None = None,
        size_wh: tuple[int, int] | None = None,
        *,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.options = options or FallOptions()
        self.size_wh = size_wh
        self._skeleton = skeleton
        self._follower = Follower(skeleton)
        self._rate = FrameRate(self.options.min_fps)
        self._people: dict[int, Person] = {}
        self._bodies: list[Body] = []
        self._plain = False
        self._t = -math.inf

    def update(self, people: Sequence[Track | Pose], t: float) -> list[Event | LookAgain]:
        """What happened up to monotonic second `t`, and second looks that are wanted.

        people: the tracks of a frame; or its plain poses, which then get ids by place. A clock that steps back a
        little counts as standing still; after a longer step, or a time that is no number, what is open is `unknown`
        and watching begins anew.
        """
        if not math.isfinite(t) or t < self._t - REJOIN_S:
            lost: list[Event | LookAgain] = [*self.abandon("the clock jumped")]
            self._people.clear()
            self._rate = FrameRate(self.options.min_fps)
            self._t = -math.inf
            return lost
        t = self._t = max(t, self._t)
        tracks = self._tracks(people, t)
        bodies = measure(tracks, self._skeleton)
        self._bodies = []
        for track, body in zip(tracks, bodies, strict=True):
            if track.missing_s == 0:
                self._bodies.append(body)
                person = self._person(track.id, body, t)
                if body.measurable and not is_ignored(self.options.zones, body, self.size_wh):
                    self._see(person, body, t)
        self._rate.update(t)
        found: list[Event | LookAgain] = []
        for person in list(self._people.values()):
            found += self._judge(person, t)
        return found

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Why falls may be missed now, where they may."""
        return self._rate.troubles

    def second_look(self, request: LookAgain, poses: Sequence[Pose], t: float) -> list[Event]:
        """Take in what the network found in a turned look at the person of `request.track_id`, at second `t`."""
        person = self._people.get(request.track_id or 0)
        body = best_body(measure(list(poses), self._skeleton), request.crop_xyxy)
        if person is None or body is None or t < person.motion.t:
            return []
        person.second_look = True
        self._see(person, body, t)
        return [event for event in self._judge(person, self._t) if isinstance(event, Event)]

    def look_refused(self, request: LookAgain, t: float) -> None:
        """Nobody could look again: the person of `request.track_id` may ask anew with the next frame."""
        person = self._people.get(request.track_id or 0)
        if person is not None:
            person.n_looks, person.look_t = max(0, person.n_looks - 1), -math.inf

    def abandon(self, why: str) -> list[Event]:
        """Say that what happened to the people of open falls will not be known, before this detector is thrown away."""
        open_falls = [one for one in self._people.values() if one.episode is not None and not one.episode.unknown]
        return [self._tell(person, "unknown", self._t, why=why) for person in open_falls]

    def clear(self, track_id: int | None = None, by: str = "operator") -> list[Event]:
        """End the open fall of one person, or of everybody, because somebody says so."""
        chosen = [person for person in self._people.values() if person.episode and track_id in (None, person.id)]
        return [self._tell(person, "cleared", self._t, by=by) for person in chosen]

    def _tracks(self, people: Sequence[Track | Pose], t: float) -> Sequence[Track]:
        if people and isinstance(people[0], Pose):
            self._plain = True
        return self._follower.update(people, t) if self._plain else people  # type: ignore[arg-type, return-value]

    def _person(self, track_id: int, body: Body, t: float) -> Person:
        """The person behind a track; a new track beside a person lost just now goes on with that person's story."""
        person = self._people.get(track_id)
        if person is None:
            person = self._lost_beside(body, t)
            if person is None:
                person = Person(track_id, t, t, Motion(self.size_wh[1] if self.size_wh else math.inf))
            self._people.pop(person.id, None)
            person.id = track_id
            self._people[track_id] = person
        person.seen_t = t
        return person

    def _lost_beside(self, body: Body, t: float) -> Person | None:
        x, y = body.centre
        best, best_distance = None, REJOIN
        for person in self._people.values():
            then = person.motion.body
            if then is None or person.seen_t == t:
                continue
            if person.episode is None and t - person.seen_t > REJOIN_S:
                continue
            if person.episode is not None and not body.angle_deg > LYING_DEG:
                continue  # somebody upright beside a fallen person may be a helper
            distance = math.hypot(x - then.centre[0], y - then.centre[1]) / person.motion.height_px
            if distance < best_distance:
                best, best_distance = person, distance
        return best

    def _see(self, person: Person, body: Body, t: float) -> None:
        if person.motion.is_mixed(body, t):
            return
        person.motion.see(body, t, keep_height=person.episode is not None or person.low_since is not None)
        zone = body_zone(self.options.zones, body, self.size_wh)
        person.note_posture(t, self.options, zone)

    def _judge(self, person: Person, t: float) -> list[Event | LookAgain]:
        """Begin or continue the person's episode; forget people long gone."""
        found: list[Event | LookAgain] = []
        if person.episode is None:
            cause = begin_cause(person, t, self.options, self.size_wh)
            if cause is not None:
                found.append(self._begin(person, cause, t))
            elif t - person.seen_t > REJOIN_S:
                self._people.pop(person.id, None)
        while person.episode is not None:
            stage = next_stage(person, t, self.options)
            if stage is None:
                break
            found.append(self._tell(person, stage, t))
        look = wanted_look(person, t, self.options, self.size_wh)
        return found if look is None else [*found, look]

    def _begin(self, person: Person, cause: str, t: float) -> Event:
        stage = "found_down" if cause == FOUND_DOWN else "suspected"
        began_t = person.low_since if person.low_since is not None else person.motion.t
        person.episode = Episode(uuid7(), stage, began_t, cause, person.strength)
        person.episode.seen_low = person.low_since is not None
        return self._tell(person, stage, t)

    def _tell(self, person: Person, stage: str, t: float, **more: Any) -> Event:
        """Make the event and move the episode on."""
        episode, motion = person.episode, person.motion
        assert episode is not None
        if stage in ENDED:
            person.end_episode(t + self.options.cooldown_s)
        elif stage == "unknown":
            episode.unknown = True
        else:
            episode.stage = stage
        evidence = {
            "cause": episode.cause,
            "strength": round(episode.strength, 2),
            "drop": round(motion.descent.drop, 2),
            "drop_speed": round(motion.descent.fastest, 2),
            "shoulder_height": _rounded(motion.shoulders),
            "torso_angle_deg": _rounded(motion.angle_deg, 0),
            "down_s": round(t - episode.began_t, 2),
            "missing_s": round(t - person.motion.t, 2),
            "keypoints_used": int(motion.body.n) if motion.body else 0,
            "others_near": self._others_near(person),
            "second_look": person.second_look,
            "reliable": not self._rate.poor,
            **({"drill": True} if self.options.drill else {}),
            **more,
        }
        score = min(1.0, episode.strength / 2)
        return Event(
            "fall",
            stage,
            t,
            person.id,
            score,
            episode.began_t,
            episode.id,
            person.bed.name if person.bed else None,
            evidence,
        )

    def _others_near(self, person: Person) -> int:
        """How many others stand or kneel within arm's reach of a fallen person."""
        body = person.motion.body
        if body is None:
            return 0
        (x, y), reach_px = body.centre, person.motion.height_px
        near = [other for other in self._bodies if math.hypot(other.centre[0] - x, other.centre[1] - y) < reach_px]
        return max(0, len(near) - (person.seen_t == self._t))


def _rounded(value: float, digits: int = 2) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
