"""Which points of a body are settled, and how heavy each part is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from research.rendered.body import Body
from research.rendered.capsules import capsules_of
from research.rendered.rig import Points
from research.rendered.settle import Resting

MASSES = {
    "root": 0.14, "spine03": 0.16, "spine01": 0.16, "neck01": 0.02, "head": 0.065, "clavicle": 0.02,
    "upperarm01": 0.028, "lowerarm01": 0.017, "wrist": 0.006, "upperleg01": 0.1, "lowerleg01": 0.047, "foot": 0.014,
}  # fmt: skip
"""Share of each bone's part, one side (after de Leva 1996)."""
N_POINTS = 420


def resting_of(body: Body, extra: tuple[Points, NDArray[np.float64]] | None = None) -> Resting:
    """The body as points that touch. extra: soles of shoes and their weights."""
    bones = body.rig.names
    some = body.skin[:: max(1, len(body.skin) // (5 * N_POINTS))]
    chosen = some[_spread(body.vertices[some], N_POINTS)]
    points, weights = body.vertices[chosen], body.weights[chosen]
    carrier = weights.argmax(1)
    share = np.array([MASSES[name.split(".")[0]] for name in bones])
    counts = np.bincount(carrier, minlength=len(bones))
    masses = (share / np.maximum(counts, 1))[carrier]
    if extra is not None:
        points, weights = np.concatenate((points, extra[0])), np.concatenate((weights, extra[1]))
        masses = np.concatenate((masses, np.zeros(len(extra[0]))))
    return Resting(body.rig, points, weights, masses / masses.sum(), capsules_of(body.rig.heads, bones, body.height))


def _spread(points: Points, n: int) -> NDArray[np.intp]:
    """n points far from each other (farthest point sampling), so that faces and fingers do not weigh more."""
    chosen = np.zeros(min(n, len(points)), np.intp)
    nearest = np.full(len(points), np.inf)
    for k in range(1, len(chosen)):
        nearest = np.minimum(nearest, ((points - points[chosen[k - 1]]) ** 2).sum(1))
        chosen[k] = nearest.argmax()
    return chosen
