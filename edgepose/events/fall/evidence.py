"""How strongly a motion speaks for a fall, in units of the threshold: 1 is enough, 2 is plain.

Each quantity is divided by what a typical fall reaches, and their geometric mean is taken, so that a slow but long
descent that ends flat on the floor counts as much as a fast one that is seen less well, and no single number decides.
"""

from __future__ import annotations

from typing import NamedTuple

from edgepose.events.body import Body
from edgepose.events.descent import GOING_DOWN
from edgepose.events.motion import LYING_DEG, Motion
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
BEHIND_SPEED, BEHIND_DROP = 0.75, 0.27  # the same of one that sank behind something, which hides the rest of the way
FORESHORTENED = 0.85  # a camera that looks down steeply shows standing shoulders no lower than this share of UPRIGHT
FLOOR, RAISED = 0.12, 0.24  # over where the feet stood, body heights: a body on the floor, one on a bed or sofa
SHRUNK, WALKED = 0.12, 0.4  # see `shrinks_in_place`
ON_BED = 0.3  # share of the evidence that is lost there,
BED_DROP = 0.27  # unless the hips came down by more than from standing to a bed, body heights
HIGHEST = 0.9  # shoulders of somebody standing, at most: who leaves below the picture with them high came near


def gain(options: FallOptions) -> float:
    """Factor on all evidence: 1 at sensitivity 0.5, doubled at 1 and halved at 0."""
    return float(4 ** (options.sensitivity - 0.5))


def low_height(options: FallOptions) -> float:
    """Shoulder height below which a fall may be suspected, body heights."""
    return options.low * (LOW_GATE + 0.4 * (options.sensitivity - 0.5))


class Floor(NamedTuple):
    """What is known of the floor from when a person was up: the y of the feet, and what the picture showed then.

    height_px: of the body. shoulders: of somebody who stood there, body heights; a camera that looks down from high up
    shows less than UPRIGHT, and of a fall as much less. seat_y: of the hips of somebody who sat, NaN of who stood.
    """

    feet_y: float
    height_px: float
    shoulders: float
    seat_y: float


def raised(body: Body, floor: Floor | None) -> float:
    """How surely, 0 to 1, a lying body is on a bed or a sofa: above where its feet stood, or on its seat still."""
    if floor is None:
        return 0.0
    if body.hip_y < floor.seat_y + SEAT * floor.height_px:
        return 1.0
    over = (floor.feet_y - body.bottom) / floor.height_px
    return min(max((over - FLOOR) / (RAISED - FLOOR), 0.0), 1.0)


def shrinks_in_place(body: Body, floor: Floor) -> bool:
    """Whether a body looks smaller than it was and its feet stand where they stood: it went down along the sight.

    Who walks away from a camera at head height moves the feet up in the picture by as much as the body shrinks.
    """
    shrunk_px = floor.height_px - body.height_px
    return shrunk_px > SHRUNK * floor.height_px and abs(body.bottom - floor.feet_y) < WALKED * shrunk_px


def fall_evidence(motion: Motion, options: FallOptions, floor: Floor | None = None) -> float:
    """For a body that is low: how far, how fast and how low it came; `floor` from when it was up, where it was."""
    lowness = (STANDING - motion.shoulders) / (STANDING - options.low)
    descent, drop, speed = motion.descent, options.drop, options.drop_speed
    came_down, hips_came_down = descent.drop, descent.hip_drop
    if floor is not None and motion.angle_deg > LYING_DEG:
        share = max(min(floor.shoulders / UPRIGHT, 1.0), FORESHORTENED)
        drop, speed = drop * share, speed * share
    if descent.lay_before:
        drop, speed = drop * FROM_LYING, speed * FROM_LYING**0.5
    elif motion.t - motion.upright_t > SAT_S:
        return 0.0  # it lay or worked on hands and feet all the time: there is nowhere to fall from
    elif motion.t - motion.stood_t > SAT_S and hips_came_down >= LEFT_SEAT:
        share = max((motion.shoulders + came_down) / UPRIGHT, FROM_LYING) ** FROM_SEAT
        drop, speed = drop * share, speed * share
    strength = _mean(came_down / drop, descent.fastest / speed, lowness) * gain(options)
    on_seat = 1 - hips_came_down / SEAT if hips_came_down < SEAT else 0.0
    strength *= 1 - HELD_UP * max(motion.held_up, min(on_seat, 1.0))
    if floor is None or motion.body is None or hips_came_down > BED_DROP:
        return strength
    return strength * (1 - ON_BED * raised(motion.body, floor))


def lost_evidence(motion: Motion, options: FallOptions, *, behind: bool = False) -> float:
    """For a body that was lost: how fast and how deep it was going down when it was last seen.

    behind: whether hips and legs were lost before the shoulders, with nobody in the way.

    Shoulders that came down and then rest high over legs that stand have not fallen: they were mixed up with those of
    somebody who passed behind.
    """
    if motion.on_legs and motion.shoulders >= STANDING and motion.descent.speed < GOING_DOWN:
        return 0.0
    drop = motion.descent.drop
    if behind:
        return _mean(drop / BEHIND_DROP, motion.descent.recent / BEHIND_SPEED) * gain(options)
    if motion.cut_off:
        drop = min(drop, HIGHEST - motion.shoulders)
    return _mean(drop / LOST_DROP, motion.descent.recent / LOST_SPEED) * gain(options)


def _mean(*ratios: float) -> float:
    """Geometric mean of ratios held to 0..CAP; NaN counts as 0."""
    product = 1.0
    for ratio in ratios:
        product *= min(ratio, CAP) if ratio > 0 else 0.0
    return float(product ** (1 / len(ratios)))
