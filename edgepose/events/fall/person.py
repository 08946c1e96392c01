"""What the fall rule remembers about one person: motion, how long low or lying, and the episode while there is one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgepose.events.fall.evidence import STANDING, fall_evidence, low_height
from edgepose.events.motion import LYING_DEG, Motion
from edgepose.events.options import FallOptions
from edgepose.events.zones import ZoneOptions

RISEN = 0.55  # shoulder height of somebody who got up again: standing or on a seat
BUSY = 0.12  # body heights per second: slower moves are those of somebody who lies there
CRAWLING = 0.45  # up to here a body that went low has not come up again


@dataclass
class Episode:
    """One fall from its first suspicion to its end.

    id: UUIDv7 that every stage of the fall carries, here and wherever its alerts go.
    stage: the last one told, unknown apart. began_t: when the person went down. cause: which evidence began it.
    strength: evidence in units of the threshold. unknown: whether the person is lost, and that was told.
    """

    id: str
    stage: str
    began_t: float
    cause: str
    strength: float
    seen_low: bool = False
    unknown: bool = False


@dataclass
class Person:
    """State of one person. id: of the track that shows the person now."""

    id: int
    first_t: float
    seen_t: float
    motion: Motion
    episode: Episode | None = None
    low_since: float | None = None
    lying_since: float | None = None
    up_since: float | None = None
    strength: float = 0.0  # strongest evidence of a fall since low_since
    was_up: bool = False
    bed: ZoneOptions | None = None  # bed or sofa the person was last low in, until standing up
    in_bed: bool = False
    quiet_until: float = -math.inf
    busy_t: float = -math.inf  # last moved like somebody who exercises
    n_looks: int = 0
    look_t: float = -math.inf
    second_look: bool = False  # a turned second look has seen this person

    def note_posture(self, t: float, options: FallOptions, zone: ZoneOptions | None) -> None:
        """Remember since when the person is low, lying or up, after `motion` has seen a frame."""
        motion, low = self.motion, low_height(options)
        height = motion.shoulders
        if motion.busy > BUSY:
            self.busy_t = t
        up = height >= STANDING and motion.angle_deg < 45
        lying = height < low and (motion.angle_deg > LYING_DEG or height < low / 2)
        self.in_bed = zone is not None
        if up:
            self.was_up, self.bed = True, None
        elif zone is not None:
            self.bed = zone
        self.lying_since = (self.lying_since or t) if lying else None
        risen = height >= RISEN and motion.angle_deg < LYING_DEG
        self.up_since = (self.up_since if self.up_since is not None else t) if risen else None
        if height < low and not motion.on_legs:
            if self.low_since is None:
                self.low_since, self.strength = t, 0.0
            if self.episode is not None:
                self.episode.seen_low, self.episode.unknown = True, False
        elif not height < CRAWLING:
            self.low_since, self.strength = None, 0.0
        if self.low_since is not None and self.episode is None:  # an open one keeps the strength it began with
            self.strength = max(self.strength, fall_evidence(motion, options))
        if self.n_looks and self.episode is None and self.low_since is None and not motion.descent.going_down:
            self.n_looks = 0  # that descent is over; the next one has looks of its own

    def end_episode(self, quiet_until: float) -> None:
        self.episode = None
        self.quiet_until = quiet_until
        self.low_since = self.lying_since = None
        self.strength, self.n_looks, self.second_look = 0.0, 0, False
