"""How far apart two keypoints of one body can be, whatever its pose: the lengths of the bones between them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray

_BONES = {
    ("neck", "shoulder"): 0.129, ("shoulder", "elbow"): 0.186, ("elbow", "wrist"): 0.146, ("neck", "hip"): 0.30,
    ("shoulder", "hip"): 0.30, ("hip", "knee"): 0.245, ("knee", "ankle"): 0.246, ("neck", "nose"): 0.13,
    ("neck", "eye"): 0.15, ("neck", "ear"): 0.14, ("nose", "eye"): 0.04, ("nose", "ear"): 0.08, ("eye", "ear"): 0.07,
}  # fmt: skip
"""Lengths on one side of the body in statures (Drillis and Contini 1966, in Winter, Biomechanics, figure 4.1); those
of the head from its height, 0.13 statures."""

_ACROSS = {"shoulder": 0.26, "hip": 0.17, "eye": 0.04, "ear": 0.1}
"""Lengths from the right to the left side, in statures."""

SHORTEST = 0.08
"""Statures. Below this, width of blobs and errors of the network outweigh bones; it also is how far two peaks of one
keypoint may lie apart and still be the same joint seen twice."""


@lru_cache(maxsize=16)
def reach_of(skeleton: Skeleton) -> FloatArray:
    """float32 (K, K): the largest distance between two keypoints in statures, SHORTEST at least.

    The shortest way along the bones; SHORTEST too to a keypoint that is not part of a human body.
    """
    n = skeleton.n_keypoints
    reach = np.full((n, n), np.inf)
    for i, first in enumerate(skeleton.keypoints):
        for j, second in enumerate(skeleton.keypoints):
            length = 0.0 if i == j else _bone(first, second)
            reach[i, j] = reach[j, i] = min(reach[i, j], length)
    for k in range(n):
        reach = np.minimum(reach, reach[:, [k]] + reach[[k], :])
    known: FloatArray = np.maximum(np.where(np.isfinite(reach), reach, 0), SHORTEST).astype(np.float32)
    return known


def _bone(first: str, second: str) -> float:
    (side, part), (other_side, other_part) = (_side_and_part(name) for name in (first, second))
    if side and other_side and side != other_side:
        return _ACROSS[part] if part == other_part and part in _ACROSS else np.inf
    return _BONES.get((part, other_part), np.inf)


def _side_and_part(name: str) -> tuple[str, str]:
    return (name[0], name[2:]) if name[:2] in ("r_", "l_") else ("", name)
