"""How strongly a motion speaks for a fall, in units of the threshold: 1 is enough, 2 is plain.

Each quantity is divided by what a typical fall reaches, and their geometric mean is taken, so that a slow but long
descent that ends flat on the floor counts as much as a fast one that is seen less well, and no single number decides.
"""

from __future__ import annotations

from edgepose.events.descent import GOING_DOWN
from edgepose.events.motion import Motion
from edgepose.events.options import FallOptions

STANDING = 0.5  # shoulders over the floor, body heights: above any crouch, below any seat
LOW_GATE = 1.2  # a body up to this many times `low` over the floor is judged; the less low, the more else it takes
HELD_UP = 0.25  # share of the evidence that is lost where the body holds itself up: crouching, kneeling, seated
SEAT = 0.1  # hips that came down less than this, body heights, are still on their seat or bed, which holds them up
SAT_S = 3.0  # who was not higher than a seat for this long fell from one,
LEFT_SEAT = 0.14  # and whose hips came down by this, body heights: others lie down on their seat;
FROM_SEAT = 0.5  # its drop and speed are smaller: what is asked for goes with this power of where it began
UPRIGHT = 0.82  # where the shoulders of somebody who stands are
FROM_LYING = 0.6  # share of the usual drop that somebody who lay can fall: a bed is a quarter of a height high
CAP = 2.0  # no quantity counts for more than this
LOST_SPEED = 1.0  # a descent that ends in a lost track must be this fast, body heights per second,
LOST_DROP = 0.35  # and this deep, for nobody saw where it ended
HIGHEST = 0.9  # shoulders of somebody standing, at most: who leaves below the picture with them high came near


def gain(options: FallOptions) -> float:
    """Factor on all evidence: 1 at sensitivity 0.5, doubled at 1 and halved at 0."""
    return float(4 ** (options.sensitivity - 0.5))


def low_height(options: FallOptions) -> float:
    """Shoulder height below which a fall may be suspected, body heights."""
    return options.low * (LOW_GATE + 0.4 * (options.sensitivity - 0.5))


def fall_evidence(motion: Motion, options: FallOptions) -> float:
    """For a body that is low: how far, how fast and how low it came."""
    lowness = (STANDING - motion.shoulders) / (STANDING - options.low)
    descent, drop, speed = motion.descent, options.drop, options.drop_speed
    if descent.lay_before:
        drop, speed = drop * FROM_LYING, speed * FROM_LYING**0.5
    elif motion.t - motion.upright_t > SAT_S:
        return 0.0  # it lay or worked on hands and feet all the time: there is nowhere to fall from
    elif motion.t - motion.stood_t > SAT_S and descent.hip_drop >= LEFT_SEAT:
        share = max((motion.shoulders + descent.drop) / UPRIGHT, FROM_LYING) ** FROM_SEAT
        drop, speed = drop * share, speed * share
    strength = _mean(descent.drop / drop, descent.fastest / speed, lowness) * gain(options)
    on_seat = 1 - descent.hip_drop / SEAT if descent.hip_drop < SEAT else 0.0
    return strength * (1 - HELD_UP * max(motion.held_up, min(on_seat, 1.0)))


def lost_evidence(motion: Motion, options: FallOptions) -> float:
    """For a body that was lost: how fast and how deep it was going down when it was last seen.

    Shoulders that came down and then rest high over legs that stand have not fallen: they were mixed up with those of
    somebody who passed behind.
    """
    if motion.on_legs and motion.shoulders >= STANDING and motion.descent.speed < GOING_DOWN:
        return 0.0
    drop = motion.descent.drop
    if motion.cut_off:
        drop = min(drop, HIGHEST - motion.shoulders)
    return _mean(drop / LOST_DROP, motion.descent.recent / LOST_SPEED) * gain(options)


def _mean(*ratios: float) -> float:
    """Geometric mean of ratios held to 0..CAP; NaN counts as 0."""
    product = 1.0
    for ratio in ratios:
        product *= min(ratio, CAP) if ratio > 0 else 0.0
    return float(product ** (1 / len(ratios)))
