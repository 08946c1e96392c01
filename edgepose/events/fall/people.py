"""Who is who: the person behind each track, also where ids end, begin anew or are moved to somebody else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from edgepose.events.body import Body
from edgepose.events.fall.person import CRAWLING, Person
from edgepose.events.motion import LYING_DEG, Motion

REJOIN_S = 3.0  # a new track beside one lost no longer ago goes on with its story: ids seldom survive every fall
REJOIN = 0.8  # how near, in body heights
FORGET_S = 10.0  # after a pause as long as this, who was there before and lay not is somebody new
RISE, RISE_SPEED = 0.3, 1.5  # shoulders that come up by this, body heights, faster than this are another body's
NOTE_S = 0.2  # who is near whom is noted this often
HELPER_S = 5.0  # who was near this lately may be whom a risen body belongs to
SAME_PLACE = 0.35  # body heights: a body that is back where it stood before has not been away: bad frames
SAME_PLACE_S = 3.0


class People:
    """The people of one camera. size_height_px: of the picture, for their motion."""

    def __init__(self, picture_height_px: float) -> None:
        self._picture_height_px = picture_height_px
        self._by_id: dict[int, Person] = {}
        self._noted = -math.inf
        self._lost: list[Person] = []  # those in an open fall whose id shows somebody else now

    def __iter__(self) -> Iterator[Person]:
        return iter([*self._by_id.values(), *self._lost] if self._lost else [*self._by_id.values()])

    def get(self, person_id: int | None) -> Person | None:
        """The person of an id, also where the track shows somebody else now."""
        return next((one for one in self._lost if one.id == person_id), self._by_id.get(person_id or 0))

    def clear(self) -> None:
        """Forget everybody."""
        self._by_id.clear()
        self._lost.clear()

    def forget(self, person: Person) -> None:
        """Let one person go."""
        if self._by_id.get(person.id) is person:
            del self._by_id[person.id]
        elif person in self._lost:
            self._lost.remove(person)

    def after_pause(self, seconds: float) -> None:
        """Forget who is in no open fall, after a long pause of the stream."""
        if seconds >= FORGET_S:
            self._by_id = {one: person for one, person in self._by_id.items() if person.episode is not None}

    def of(self, seen: Sequence[tuple[int, Body]], t: float, now: float) -> list[Person]:
        """The people whom a frame shows, given track ids and bodies, at camera second `t` and second watched `now`."""
        if self._lost or any(person.episode for person in self._by_id.values()):
            self._note_neighbours(seen, now)
            self._part(seen, t, now)
            self._find_lying(seen)
        return [self._person(track_id, body, seen, now) for track_id, body in seen]

    def _note_neighbours(self, seen: Sequence[tuple[int, Body]], now: float) -> None:
        if now - self._noted < NOTE_S:
            return
        self._noted = now
        for person in self:
            if person.episode is not None:
                others = (body for track_id, body in seen if track_id != person.id and track_id in self._by_id)
                if any(_distance(person, body) < 1.5 for body in others):
                    person.near = now

    def _part(self, seen: Sequence[tuple[int, Body]], t: float, now: float) -> None:
        """Part those in an open fall from tracks that show somebody else now: upright at once."""
        for track_id, body in seen:
            person = self._by_id.get(track_id)
            if person is not None and person.episode is not None and not _goes_on(person, body, t, now):
                self._lost.append(self._by_id.pop(track_id))

    def _find_lying(self, seen: Sequence[tuple[int, Body]]) -> None:
        """Give people who lay before the track that shows a body lying there, be it somebody else's until now."""
        for person in [*self._lost]:
            for track_id, body in seen:
                owner = self._by_id.get(track_id)
                free = owner is None or (owner.episode is None and owner.low_since is None)
                if free and _lies_there(person, body):
                    self._lost.remove(person)
                    if owner is not None:
                        owner.id = -track_id  # until a track shows that person again, in this frame or later
                        self._by_id[-track_id] = owner
                    person.id = track_id
                    self._by_id[track_id] = person
                    break

    def _person(self, track_id: int, body: Body, seen: Sequence[tuple[int, Body]], now: float) -> Person:
        """The person behind a track; a new track beside a person lost just now goes on with that person's story."""
        person = self._by_id.get(track_id)
        if person is None:  # seldom
            ids = {one for one, _ in seen}
            person = self._lost_beside(body, ids, now) or Person(track_id, now, now, Motion(self._picture_height_px))
            self.forget(person)
            person.id = track_id
            self._by_id[track_id] = person
        person.seen = now
        return person

    def _lost_beside(self, body: Body, ids: set[int], now: float) -> Person | None:
        best, best_distance = None, REJOIN
        for person in self:
            if person.motion.body is None or (person.id in ids and person not in self._lost):
                continue
            if person.episode is None and now - person.seen > REJOIN_S:
                continue
            if person.episode is not None and not (_lies_there(person, body) or _stands_again(person, body, now)):
                continue  # somebody upright beside a fallen person may be a helper
            distance = _distance(person, body)
            if distance < best_distance:
                best, best_distance = person, distance
        return best


def _distance(person: Person, body: Body) -> float:
    """From where the person was last seen, body heights."""
    then = person.motion.body
    if then is None:
        return math.inf
    (x, y), (x0, y0) = body.centre, then.centre
    return math.hypot(x - x0, y - y0) / person.motion.height_px


def _height(person: Person, body: Body) -> float:
    """Shoulders over the lowest part, in heights of the person."""
    return (body.bottom - body.neck_y) / person.motion.height_px


def _lies_there(person: Person, body: Body) -> bool:
    """Whether a body may be the fallen person's: as low as somebody who lies, and near."""
    low = body.angle_deg > LYING_DEG or _height(person, body) < 0.3
    return low and _distance(person, body) < REJOIN


def _stands_again(person: Person, body: Body, now: float) -> bool:
    """Whether a body stands, with nobody else about, just where the person stood a moment ago."""
    before = person.up_body
    if before is None or now - person.up > SAME_PLACE_S or now - person.near < HELPER_S:
        return False
    return math.hypot(body.neck_x - before.neck_x, body.neck_y - before.neck_y) < SAME_PLACE * person.motion.height_px


def _goes_on(person: Person, body: Body, t: float, now: float) -> bool:
    """Whether a body can be that of somebody who fell: nobody rises at once, or while a helper is in the way."""
    motion = person.motion
    before = motion.body
    if before is None or motion.shoulders >= CRAWLING or not _height(person, body) - motion.shoulders > RISE:
        return True
    if _stands_again(person, body, now):
        return True
    rise_px = before.neck_y - body.neck_y
    too_fast = rise_px > RISE_SPEED * max(t - motion.t, 1e-3) * motion.height_px and rise_px > RISE * motion.height_px
    return not too_fast and now - person.near >= HELPER_S
