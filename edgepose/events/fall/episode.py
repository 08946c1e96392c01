"""The life of a fall: what begins an episode, and which stage comes next. Times are seconds watched."""

from __future__ import annotations

from edgepose.events.body import TORSO
from edgepose.events.fall.evidence import lost_evidence, low_height
from edgepose.events.fall.person import CRAWLING, Person
from edgepose.events.motion import Motion
from edgepose.events.options import FallOptions

LEFT_BED_S = 1.0  # somebody who came out of bed without standing up is low this long before a fall is suspected
EDGE = 0.02  # a body this near the sides of the picture (of its width) may have walked out of it
FOUND_DOWN = "lying when first seen"
LAIN_S = 0.5  # lying on the floor counts from here on: shorter is what a fast descent is judged by


def begin_cause(person: Person, now: float, options: FallOptions, size_wh: tuple[int, int] | None) -> str | None:
    """Why a fall should be suspected now, or None."""
    if person.low_since is None and person.judged == now and person.lain_s == 0:
        return None  # nearly always
    motion = person.motion
    if now < person.quiet_until or motion.body is None or person.in_bed:
        return None
    low_s = now - person.low_since if person.low_since is not None else 0.0
    seen_again = person.down_s > 0 or person.second_look  # one frame alone may be a bad one
    if person.strength >= 1 and low_s >= options.hold_s and seen_again:
        return "fast descent"
    if person.judged < now:
        return _lost_cause(person, now, options, size_wh)
    if person.bed is not None and person.low_since is not None and now - person.low_since >= LEFT_BED_S:
        person.strength = max(person.strength, 1.0)
        return f"left the {person.bed.policy} without standing up"
    if person.was_up:
        lain = person.lain_s / options.slow_lying_s
        return "slow descent" if person.lain_s >= LAIN_S and person.strength + lain * lain >= 1 else None
    if person.lay_s < options.found_down_s or not person.lying.is_body:
        return None
    moving = now - person.busy < options.found_down_s
    return FOUND_DOWN if not moving or person.lay_s >= options.found_moving_s else None


def _lost_cause(person: Person, now: float, options: FallOptions, size_wh: tuple[int, int] | None) -> str | None:
    """The same for somebody who cannot be seen, or not well enough to be judged."""
    motion, behind = person.motion, person.sank > person.judged
    if now - person.judged < options.lost_s or _at_side(motion, size_wh):
        return None
    if behind and (person.seen == now or (size_wh and person.sank_y + TORSO * motion.height_px > size_wh[1])):
        return None  # in view, or gone below the picture
    if person.strength >= 1 and person.low_since is not None:
        return "fast descent"  # seen low once, and lost there
    strength = lost_evidence(motion, options, behind=behind)
    if strength < 1:
        return None
    person.strength = strength
    return "lost while falling"


def next_stage(person: Person, now: float, options: FallOptions) -> str | None:
    """The stage an open episode moves to now, or None while it stays."""
    episode = person.episode
    assert episode is not None
    down_s, lost_s = now - episode.began, now - person.judged
    in_sight, shoulders = lost_s == 0, person.motion.shoulders
    if in_sight and episode.unknown:
        return episode.stage  # the body is seen again, as it was
    if in_sight and person.up_since is not None and now - person.up_since >= options.recover_s:
        return "recovered"
    if (
        in_sight
        and episode.stage == "suspected"
        and person.down_s >= options.confirm_s
        and person.strength >= options.confirm_strength
    ):
        if shoulders < low_height(options):
            return "confirmed"
    elif in_sight and episode.stage != "long_lie" and down_s >= options.long_lie_s and shoulders < CRAWLING:
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
