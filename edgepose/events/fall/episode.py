"""The life of a fall: what begins an episode, and which stage comes next."""

from __future__ import annotations

from edgepose.events.fall.evidence import lost_evidence, low_height
from edgepose.events.fall.person import CRAWLING, Person
from edgepose.events.motion import FLAT, Motion
from edgepose.events.options import FallOptions

LEFT_BED_S = 1.0  # somebody who came out of bed without standing up is low this long before a fall is suspected
EDGE = 0.02  # a body this near the sides of the picture (of its width) may have walked out of it
FOUND_DOWN = "lying when first seen"


def begin_cause(person: Person, t: float, options: FallOptions, size_wh: tuple[int, int] | None) -> str | None:
    """Why a fall should be suspected now, or None."""
    motion = person.motion
    if t < person.quiet_until or motion.body is None or person.in_bed:
        return None
    low_s = t - person.low_since if person.low_since is not None else -1.0
    if person.strength >= 1 and low_s >= options.hold_s:
        return "fast descent"
    if motion.t < t:
        return _lost_cause(person, t, options, size_wh)
    if low_s < 0:
        return None
    if person.bed is not None and low_s >= LEFT_BED_S:
        return f"left the {person.bed.policy} without standing up"
    if person.lying_since is None:
        return None
    lying_s = t - person.lying_since
    if person.was_up and motion.shoulders < FLAT and lying_s >= options.slow_lying_s:
        return "slow descent"
    if not person.was_up and person.lying_since - person.first_t < options.found_down_s <= lying_s:
        moving = t - person.busy_t < options.found_down_s
        return FOUND_DOWN if not moving or lying_s >= options.found_moving_s else None
    return None


def _lost_cause(person: Person, t: float, options: FallOptions, size_wh: tuple[int, int] | None) -> str | None:
    """The same for somebody who cannot be seen, or not well enough to be judged."""
    motion = person.motion
    if t - motion.t < options.lost_s or _at_side(motion, size_wh):
        return None
    strength = lost_evidence(motion, options)
    if strength < 1:
        return None
    person.strength = strength
    return "lost while falling"


def next_stage(person: Person, t: float, options: FallOptions) -> str | None:
    """The stage an open episode moves to now, or None while it stays."""
    episode = person.episode
    assert episode is not None
    down_s, lost_s = t - episode.began_t, t - person.motion.t
    if person.up_since is not None and lost_s == 0 and t - person.up_since >= options.recover_s:
        return "recovered"
    if episode.stage == "suspected" and down_s >= options.confirm_s and episode.seen_low:
        if person.motion.shoulders < (CRAWLING if lost_s > 0 else low_height(options)):
            return "confirmed"
    elif episode.stage in ("confirmed", "found_down") and down_s >= options.long_lie_s:
        return "long_lie"
    if lost_s >= options.unknown_s and not episode.unknown:
        return "unknown"
    if lost_s >= options.unknown_s + options.clear_s:
        return "cleared"
    return None


def _at_side(motion: Motion, size_wh: tuple[int, int] | None) -> bool:
    if size_wh is None or motion.body is None:
        return False
    margin = EDGE * size_wh[0]
    return motion.body.left < margin or motion.body.right > size_wh[0] - 1 - margin
