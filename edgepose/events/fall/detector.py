"""Falls: what happened to each person, from the first suspicion to the end of the episode.

    watching -> suspected -> confirmed -> long_lie -> recovered | cleared
    lying from the start, outside every zone -> found_down -> long_lie -> recovered | cleared
    lost in any of these -> unknown, never a silent "fine"; seen again -> the stage it was

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
from edgepose.events.descent import Descent
from edgepose.events.fall.episode import FOUND_DOWN, begin_cause, next_stage
from edgepose.events.fall.following import Follower
from edgepose.events.fall.looks import best_body, wanted_look
from edgepose.events.fall.people import REJOIN_S, People
from edgepose.events.fall.person import Episode, Person
from edgepose.events.fall.steady import Steadiness
from edgepose.events.fall.telling import fall_event, others_near
from edgepose.events.fall.watch import Watch
from edgepose.events.measure import measurable, measure
from edgepose.events.options import FallOptions
from edgepose.events.rate import FrameRate
from edgepose.events.zones import body_zone, is_ignored
from edgepose.health import Trouble
from edgepose.options import given
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, LookAgain, Pose, Track
from edgepose.types.given import check_people, check_second, check_size

ENDED = ("recovered", "cleared")


class FallDetector:
    """Watches the people of one camera for falls; used by one thread.

    options: thresholds, times and zones. size_wh: width and height of the picture in pixels; zones and the edges of
    the view need it, without it they are not considered. skeleton: which keypoints the poses have.

    >>> import edgepose
    >>> detector = edgepose.FallDetector(size_wh=(640, 480))
    >>> detector.update([], t=0.0)
    []
    """

    def __init__(
        self,
        options: FallOptions | None = None,
        size_wh: tuple[int, int] | None = None,
        *,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.options = given(options, FallOptions)
        check_size(size_wh)
        self.size_wh = size_wh
        self._skeleton = measurable(skeleton)
        self._follower = Follower(skeleton)
        self._people = People(size_wh[1] if size_wh else math.inf)
        self._bodies: list[Body] = []
        self._plain = False
        self._begin_watching()

    def _begin_watching(self) -> None:
        self._people.clear()
        self._watch = Watch()
        self._camera = Steadiness()
        self._rate = FrameRate(self.options.min_fps)

    def update(self, people: Sequence[Track | Pose], t: float) -> list[Event | LookAgain]:
        """What happened up to monotonic second `t`, and second looks that are wanted.

        people: the tracks of a frame; or its plain poses, which then get ids by place. A clock that steps back a
        little counts as standing still; after a longer step, or a time that is no number, what is open is `unknown`
        and watching begins anew.
        """
        check_people(people)
        check_second(t)
        if not math.isfinite(t) or t < self._watch.t - REJOIN_S:
            lost: list[Event | LookAgain] = [*self.abandon("the clock jumped")]
            self._begin_watching()
            return lost
        self._watch.update(t)
        t = self._watch.t
        self._people.after_pause(self._watch.paused_s)
        tracks = self._tracks(people, t)
        bodies = measure(tracks, self._skeleton)
        seen = []
        self._bodies = []
        scores = []
        for track, body in zip(tracks, bodies, strict=True):
            if track.missing_s == 0 and body.n > 0:
                seen.append((track.id, body))
                self._bodies.append(body)
                scores.append(track.pose.score)
        if self._camera.update(seen, t):
            self._forget_motion()
        people_seen = self._people.of(seen, t, self._watch.now)
        for person, body, score in zip(people_seen, self._bodies, scores, strict=True):
            self._see(person, body, score, t)
        self._rate.update(t)
        found: list[Event | LookAgain] = []
        for person in self._people:
            found += self._judge(person, t)
        return found

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Why falls may be missed now, where they may."""
        return self._rate.troubles + self._camera.troubles

    def second_look(self, request: LookAgain, poses: Sequence[Pose], t: float) -> list[Event]:
        """Take in what the network found in a turned look at the person of `request.track_id`, at second `t`."""
        person = self._people.get(request.track_id)
        body = best_body(measure(list(poses), self._skeleton), request.crop_xyxy)
        if person is None or body is None or t < person.motion.t:
            return []
        person.second_look = True
        self._see(person, body, max(pose.score for pose in poses), t)
        return [event for event in self._judge(person, self._watch.t) if isinstance(event, Event)]

    def look_refused(self, request: LookAgain, t: float) -> None:
        """Nobody could look again: the person of `request.track_id` may ask anew with the next frame."""
        person = self._people.get(request.track_id)
        if person is not None:
            person.n_looks, person.looked = max(0, person.n_looks - 1), -math.inf

    def abandon(self, why: str) -> list[Event]:
        """Say that what happened to the people of open falls will not be known, before this detector is thrown away."""
        open_falls = [one for one in self._people if one.episode is not None and not one.episode.unknown]
        return [self._tell(person, "unknown", self._watch.t, why=why) for person in open_falls]

    def clear(self, track_id: int | None = None, by: str = "operator") -> list[Event]:
        """End the open fall of one person, or of everybody, because somebody says so."""
        chosen = [person for person in self._people if person.episode and track_id in (None, person.id)]
        return [self._tell(person, "cleared", self._watch.t, by=by) for person in chosen]

    def _tracks(self, people: Sequence[Track | Pose], t: float) -> Sequence[Track]:
        if people and isinstance(people[0], Pose):
            self._plain = True
        return self._follower.update(people, t) if self._plain else people  # type: ignore[arg-type, return-value]

    def _forget_motion(self) -> None:
        """What moved with the camera came down no further than the camera went up."""
        for person in self._people:
            person.motion.descent = Descent()
            person.up_body = None

    def _see(self, person: Person, body: Body, score: float, t: float) -> None:
        motion = person.motion
        zones = self.options.zones
        if zones and is_ignored(zones, body, self.size_wh):
            return
        if not body.measurable:
            self._see_part(person, body, t)
            return
        if motion.is_mixed(body, t):
            return
        motion.see(body, t, keep_height=person.keeps_height(body))
        if self._camera.moves:
            motion.descent = Descent()
        zone = body_zone(zones, body, self.size_wh) if zones else None
        person.note_posture(self._watch.now, self.options, zone, score)

    def _see_part(self, person: Person, body: Body, t: float) -> None:
        """Without hips nothing tells how tall a body is, but what was seen before; how it comes down, it tells.

        Furniture hides it then, unless somebody else is in the way.
        """
        motion = person.motion
        if body.n < 4 or body.neck_y != body.neck_y or others_near(person, self._bodies, seen=True):
            return
        if motion.height_px == motion.height_px:
            motion.descent.see(t, body.neck_y, math.nan, motion.height_px, lies=False)
            person.sank, person.sank_y = self._watch.now, body.neck_y

    def _judge(self, person: Person, t: float) -> list[Event | LookAgain]:
        """Begin or continue the person's episode; forget people long gone."""
        found: list[Event | LookAgain] = []
        now, options = self._watch.now, self.options
        if person.episode is None:
            cause = None if self._camera.moves else begin_cause(person, now, options, self.size_wh)
            if cause is not None and person.id > 0:
                found.append(self._begin(person, cause, t))
            elif now - person.seen > REJOIN_S or (t - person.motion.t > 2 * REJOIN_S and person.judged != now):
                self._people.forget(person)
        while person.episode is not None:
            stage = next_stage(person, now, options)
            if stage is None:
                break
            found.append(self._tell(person, stage, t))
        if person.judged == now:
            return found  # seen: there is nothing to look for
        look = wanted_look(person, now, options, self.size_wh)
        return found if look is None else [*found, look]

    def _begin(self, person: Person, cause: str, t: float) -> Event:
        stage = "found_down" if cause == FOUND_DOWN else "suspected"
        low = person.low_since is not None
        began, began_t = (person.low_since, person.low_t) if low else (person.judged, person.motion.t)
        assert began is not None
        person.episode = Episode(uuid7(), stage, began, began_t, cause, person.strength)
        return self._tell(person, stage, t)

    def _tell(self, person: Person, stage: str, t: float, **more: Any) -> Event:
        """Make the event and move the episode on."""
        episode = person.episode
        assert episode is not None
        episode.unknown = stage == "unknown"
        if stage not in (*ENDED, "unknown"):
            episode.stage = stage
        more["others_near"] = others_near(person, self._bodies, seen=person.seen == self._watch.now)
        more["reliable"] = not (self._rate.poor or self._camera.moves)
        event = fall_event(person, stage, t, self.options, **more)
        if stage in ENDED:
            person.end_episode(self._watch.now + self.options.cooldown_s)
        return event
