"""When to ask the network for a second, turned look at somebody who may be on the floor, and what to make of it.

Networks trained on upright people often miss those who lie; turned by 90 degrees, they find some of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgepose.events.body import Body
from edgepose.events.fall.person import Person
from edgepose.events.options import FallOptions
from edgepose.types import LookAgain

LOST_S = 0.1  # not seen for this long: lost, or too weak to judge
EVERY_S = 0.4  # at most this often,
MOST = 6  # and this many times for one descent
REGION = 0.75  # half side of the region, body heights
SMALLEST_PX = 48.0  # of a body that is worth a look: enlarged, a smaller one is noise that a network takes for somebody


def wanted_look(person: Person, now: float, options: FallOptions, size_wh: tuple[int, int] | None) -> LookAgain | None:
    """A look at somebody who was going down, or is down, and cannot be seen now; `now` in seconds watched."""
    motion = person.motion
    if (
        now - person.judged < LOST_S
        or not options.second_look
        or size_wh is None
        or motion.body is None
        or person.in_bed
    ):
        return None
    if now - person.looked < EVERY_S or person.n_looks >= MOST or motion.height_px < SMALLEST_PX:
        return None
    if person.episode is None and not motion.descent.going_down:
        return None
    person.n_looks, person.looked = person.n_looks + 1, now
    (x, y), half = motion.body.centre, REGION * motion.height_px
    width, height = size_wh
    y = min(y + motion.descent.drop * motion.height_px / 2, height - 1)  # the fall went on
    crop = (max(0.0, x - half), max(0.0, y - half), min(width - 1.0, x + half), min(height - 1.0, y + half))
    if crop[2] - crop[0] < 8 or crop[3] - crop[1] < 8:
        return None
    return LookAgain(crop, 90 if person.n_looks % 2 else 270, person.id)


def best_body(bodies: Sequence[Body], crop_xyxy: tuple[float, float, float, float]) -> Body | None:
    """The body in the region with the most keypoints, nearest its middle; None where nobody is."""
    x0, y0, x1, y1 = crop_xyxy
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    inside = [body for body in bodies if body.measurable and x0 <= body.centre[0] <= x1 and y0 <= body.centre[1] <= y1]
    return max(inside, key=lambda body: (body.n, -math.dist(body.centre, middle)), default=None)
