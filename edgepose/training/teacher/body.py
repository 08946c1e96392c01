"""COCO's 17 keypoints of one person as the teachers give them, float (17, 3): x, y, score; score 0 where unseen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepose.skeleton import COCO_17

Keypoints = NDArray[np.float64]
"""float64 (17, 3): x, y in pixels, score or chance 0 to 1, 0 where nothing was seen."""

SHOULDERS, HIPS = slice(5, 7), slice(11, 13)
NEIGHBOUR_SEEN, NEIGHBOUR_OVERLAP = 0.15, 0.3
"""Readers' keypoints from this score on make a box, which overlaps the candidate's by at least this much."""
LIES_DEG = 45.0
"""A trunk further than this from upright lies."""


def _flip() -> NDArray[np.intp]:
    order = np.arange(17)
    for a, b in COCO_17.flip_pairs:
        order[[a, b]] = b, a
    return order


FLIP = _flip()
"""Where each keypoint finds itself after mirroring."""


def box_of(keypoints: Keypoints, seen: float = 0.0) -> NDArray[np.float64]:
    """float64 (4,): x0, y0, x1, y1 round the keypoints above `seen`; all zero when there are none."""
    xy = keypoints[keypoints[:, 2] > seen, :2]
    return np.concatenate((xy.min(0), xy.max(0))) if len(xy) else np.zeros(4)


def trunk_deg(keypoints: Keypoints, seen: float = 0.0) -> float | None:
    """Degrees from upright of the line from hips to shoulders, clockwise, -180 to 180; None where an end is unseen."""
    ends = []
    for part in (keypoints[SHOULDERS], keypoints[HIPS]):
        known = part[part[:, 2] > seen, :2]
        if not len(known):
            return None
        ends.append(known.mean(0))
    dx, dy = ends[0] - ends[1]
    return float(np.rad2deg(np.arctan2(dx, -dy)))


def lies(keypoints: Keypoints, seen: float = 0.15) -> bool:
    """Whether the trunk is known to be further than LIES_DEG from upright."""
    angle = trunk_deg(keypoints, seen)
    return angle is not None and abs(angle) > LIES_DEG


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    w, h = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = max(0.0, w) * max(0.0, h)
    return float(both / max(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both, 1e-9))


def same_person(a: Keypoints, b: Keypoints, near: float = 0.12, seen: float = 0.0) -> bool:
    """Whether two guesses mean one person: most keypoints that both have lie within `near` of the larger box's side.

    seen: keypoints count from above this score on.
    """
    box_a, box_b = box_of(a), box_of(b)
    both = (a[:, 2] > seen) & (b[:, 2] > seen)
    if both.sum() >= 4:
        side = max(*(box_a[2:] - box_a[:2]), *(box_b[2:] - box_b[:2]), 1.0)
        apart = np.hypot(*(a[both, :2] - b[both, :2]).T)
        return bool(np.median(apart) < near * side)
    return overlap(box_a, box_b) > 0.5


def neighbours(seen: Keypoints, candidate: Keypoints) -> bool:
    """Whether a reader saw somebody else in a candidate's crop: in a row of people it may look at a neighbour."""
    far = overlap(box_of(seen, NEIGHBOUR_SEEN), box_of(candidate)) < NEIGHBOUR_OVERLAP
    return far and not same_person(seen, candidate, 0.15)
