"""A body as capsules, so that its limbs do not pass through each other or the trunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Capsule:
    """start, end: float64 (3,), resting; bone: what it moves with; radius: metres."""

    start: Points
    end: Points
    bone: int
    radius: float


# name, bones' names at its ends, radius in body heights
_PARTS = (
    ("trunk", "root", "spine01", 0.062), ("chest", "spine01", "neck01", 0.058), ("head", "neck01", "head", 0.05),
    ("l_upper", "upperarm01.L", "lowerarm01.L", 0.026), ("l_fore", "lowerarm01.L", "wrist.L", 0.022),
    ("r_upper", "upperarm01.R", "lowerarm01.R", 0.026), ("r_fore", "lowerarm01.R", "wrist.R", 0.022),
    ("l_thigh", "upperleg01.L", "lowerleg01.L", 0.04), ("l_shank", "lowerleg01.L", "foot.L", 0.028),
    ("r_thigh", "upperleg01.R", "lowerleg01.R", 0.04), ("r_shank", "lowerleg01.R", "foot.R", 0.028),
)  # fmt: skip
_APART = (
    *((arm, part) for arm in ("l_fore", "r_fore") for part in ("trunk", "chest", "head", "l_thigh", "r_thigh")),
    *((arm, "trunk") for arm in ("l_upper", "r_upper")), ("l_fore", "r_fore"), ("l_fore", "r_upper"),
    ("r_fore", "l_upper"), ("l_thigh", "r_shank"), ("r_thigh", "l_shank"), ("l_shank", "r_shank"),
    ("l_shank", "trunk"), ("r_shank", "trunk"), ("l_fore", "l_shank"), ("r_fore", "r_shank"),
)  # fmt: skip


def capsules_of(heads: Points, names: tuple[str, ...], height: float) -> tuple[Capsule, ...]:
    """The capsules of a body. heads: float64 (B, 3), resting; names: of the same bones."""
    at = {name: k for k, name in enumerate(names)}
    return tuple(Capsule(heads[at[a]], heads[at[b]], at[a], share * height) for _, a, b, share in _PARTS)


def pairs() -> tuple[tuple[int, int], ...]:
    """Which capsules must stay apart."""
    at = {part[0]: k for k, part in enumerate(_PARTS)}
    return tuple((at[a], at[b]) for a, b in _APART)


def nearest(a: Points, b: Points, c: Points, d: Points) -> tuple[Points, Points]:
    """The nearest points of the segments a-b and c-d (Ericson, Real-Time Collision Detection, 5.1.9)."""
    u, v, w = b - a, d - c, a - c
    uu, vv, uv, uw, vw = u @ u, v @ v, u @ v, u @ w, v @ w
    scale = uu * vv - uv * uv
    s = float(np.clip((uv * vw - uw * vv) / scale, 0, 1)) if scale > 1e-9 else 0.0
    t = (uv * s + vw) / vv
    if not 0 <= t <= 1:
        t = float(np.clip(t, 0, 1))
        s = float(np.clip((uv * t - uw) / uu, 0, 1))
    return a + s * u, c + t * v
