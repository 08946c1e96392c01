"""What the fall rule remembers about one person: motion, how long low or lying, and the episode while there is one.

Times of a person are seconds watched (`watch.py`), which stand still while the stream pauses; only `motion` and what
an event says of the past are seconds of the camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edgepose.events.body import Body
from edgepose.events.fall.evidence import STANDING, UPRIGHT, Floor, fall_evidence, low_height, raised, shrinks_in_place
from edgepose.events.fall.lying import Lying
from edgepose.events.motion import LYING_DEG, Motion
from edgepose.events.options import FallOptions
from edgepose.events.zones import ZoneOptions

BUSY = 0.12  # body heights per second: slower moves are those of somebody who lies there
CRAWLING = 0.45  # up to here a body that went low has not come up again
SEATED_HIPS, SEATED_HIPS_MOST = 0.13, 0.36  # hips over the floor of somebody on a seat, at least and at most
SIGHT_S = 1.0  # between two sights of somebody low the body was low; after longer nobody knows
SUNK, SUNK_TRUNK = 0.42, 0.17  # shoulders and trunk of a body that may lie along the line of sight, body heights
UNSURE = 0.25  # what a second of that counts as lying on the floor, of lying on a bed or sofa alike,
UNKNOWN = 0.4  # and of lying where nobody knows how high the floor is
STANDS_DEG = 25.0  # trunk of somebody who stands, at most
FLOOR_EVERY_S = 0.2  # the floor is learnt anew
LEARN = 0.2  # weight of each sight of somebody standing in how high the shoulders stand


@dataclass
class Episode:
    """One fall from its first suspicion to its end.

    id: UUIDv7 that every stage of the fall carries, here and wherever its alerts go.
    stage: the last one told, unknown apart. began: seconds watched when the person went down. began_t: the same as the
    camera's second. cause: which evidence began it. strength: evidence in units of the threshold. unknown: whether the
    person is lost, and that was told.
    """

    id: str
    stage: str
    began: float
    began_t: float
    cause: str
    strength: float
    unknown: bool = False


@dataclass(eq=False, slots=True)
class Person:
    """State of one person. id: of the track that shows the person now."""

    id: int
    first: float
    seen: float  # last in view, be it not well enough to be judged
    motion: Motion
    judged: float = -math.inf  # last seen well enough
    episode: Episode | None = None
    low_since: float | None = None
    low_t: float = math.nan  # the same as the camera's second
    down_s: float = 0.0  # seen low since then; time in which nobody saw the person is not in it
    lain_s: float = 0.0  # seen lying on the floor since then
    floor: Floor | None = None  # as of when last up,
    floor_seen: float = -math.inf  # and when that was learnt
    lay_s: float = 0.0  # seen lying wherever, hardly interrupted
    lying: Lying = field(default_factory=Lying)  # of somebody who was never up
    up_since: float | None = None
    up_body: Body | None = None  # as it was when last up
    up: float = -math.inf  # last up
    strength: float = 0.0  # strongest evidence of a fall since low_since
    was_up: bool = False
    bed: ZoneOptions | None = None  # bed or sofa the person was last low in, until standing up
    in_bed: bool = False
    quiet_until: float = -math.inf
    busy: float = -math.inf  # last moved like somebody who exercises
    sank: float = -math.inf  # last seen without hips, with nobody in the way
    sank_y: float = math.nan  # y of the shoulders then
    near: float = -math.inf  # somebody else was last within reach
    n_looks: int = 0
    looked: float = -math.inf
    second_look: bool = False  # a turned second look has seen this person in this descent

    def keeps_height(self, body: Body) -> bool:
        """Whether a body that looks smaller now is as tall as it was: it is down, or goes down along the sight."""
        if self.episode is not None or self.low_since is not None:
            return True
        floor = self.floor
        return floor is not None and body.height_px < floor.height_px and shrinks_in_place(body, floor)

    def note_posture(self, now: float, options: FallOptions, zone: ZoneOptions | None, score: float) -> None:
        """Remember since when the person is low, lying or up, after `motion` has seen a frame at `now`.

        score: of the skeleton seen.
        """
        motion = self.motion
        height, since_s = motion.shoulders, now - self.judged
        self.judged = now
        if not self.was_up and motion.body is not None:
            self.lying.see(motion.body, score, now)
            if self.lying.works(hands=motion.busy > BUSY):
                self.busy = now
        self.in_bed = zone is not None
        if height >= STANDING and motion.angle_deg < 45:
            self.was_up, self.bed = True, None
            self.up, self.up_body = now, motion.body
            if now - self.floor_seen >= FLOOR_EVERY_S:
                self.floor_seen = now
                self._note_floor()
        elif zone is not None:
            self.bed = zone
        risen = height >= CRAWLING and motion.angle_deg < LYING_DEG and not motion.hips < SEATED_HIPS
        self.up_since = (self.up_since if self.up_since is not None else now) if risen else None
        if self.low_since is not None or height < CRAWLING or self.lain_s or self.lay_s:  # seldom
            self._note_low(now, since_s, low_height(options))
        if self.low_since is not None and self.episode is None:  # an open one keeps the strength it began with
            self.strength = max(self.strength, fall_evidence(motion, options, self.floor))
        if self.n_looks and self.episode is None and self.low_since is None and not motion.descent.going_down:
            self.n_looks, self.second_look = 0, False  # that descent is over; the next one has looks of its own

    def _note_low(self, now: float, since_s: float, low: float) -> None:
        motion = self.motion
        height = motion.shoulders
        was_low = self.low_since is not None
        lying = height < low and (motion.angle_deg > LYING_DEG or height < low / 2)
        if height < low and not motion.on_legs:
            if not was_low:
                self.low_since, self.low_t, self.strength = now, motion.t, 0.0
        elif not height < CRAWLING:
            self.low_since, self.strength, self.down_s, self.lain_s = None, 0.0, 0.0, 0.0
            self.lay_s = 0.0
        if self.low_since is not None and was_low and since_s <= SIGHT_S:
            self.down_s += since_s
        if since_s > SIGHT_S:
            return
        may_lie = not lying and self._may_lie()
        self.lay_s = max(0.0, self.lay_s + (since_s if lying else -since_s))
        if lying:
            self.lain_s += since_s * self._on_floor()
        else:
            self.lain_s = max(0.0, self.lain_s + since_s * (UNSURE if may_lie else -1.0))

    def _note_floor(self) -> None:
        """Learn where the feet stand, and how high the picture shows the shoulders of somebody who stands there."""
        motion, body = self.motion, self.motion.body
        if body is None or body.ankle_y != body.ankle_y or (self.floor and shrinks_in_place(body, self.floor)):
            return
        shoulders = self.floor.shoulders if self.floor else UPRIGHT
        if motion.on_legs and motion.angle_deg < STANDS_DEG:
            seen = min(motion.shoulders, UPRIGHT)
            shoulders = shoulders + LEARN * (seen - shoulders) if self.floor else seen
        seat_y = math.nan if motion.hips > SEATED_HIPS_MOST else body.hip_y
        self.floor = Floor(body.bottom, motion.height_px, shoulders, seat_y)

    def _on_floor(self) -> float:
        """What a second of lying counts, by where the body lies."""
        if self.floor is None or self.motion.body is None:
            return UNKNOWN
        return 1 - (1 - UNSURE) * raised(self.motion.body, self.floor)

    def _may_lie(self) -> bool:
        """Whether the picture may show somebody who lies along the line of sight: nothing of the body is raised."""
        motion = self.motion
        body = motion.body
        if body is None or not motion.shoulders < SUNK or motion.on_legs:
            return False
        return body.trunk_y < SUNK_TRUNK * motion.height_px and abs(motion.descent.speed) < BUSY

    def end_episode(self, quiet_until: float) -> None:
        """Forget the fall that ended; the person may fall again after `quiet_until`."""
        self.episode = None
        self.quiet_until = quiet_until
        self.low_since = None
        self.strength = self.down_s = self.lain_s = self.lay_s = 0.0
        self.n_looks, self.second_look = 0, False
