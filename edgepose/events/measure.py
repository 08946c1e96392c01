"""From keypoints to bodies: everybody of a frame in one pass over arrays."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ConfigError, ShapeError
from edgepose.events.body import SHANK, THIGH, TORSO, Body
from edgepose.skeleton import BODYPOSENET_18, Skeleton, given_skeleton
from edgepose.types import Pose, Track

MIN_SCORE = 0.05  # networks that always answer with all keypoints give their guesses less

ARM = 0.33  # upper arm and forearm, body heights
BROAD = 0.25  # shoulders of a broad person
_SHARES = np.array([[TORSO], [THIGH], [SHANK], [ARM]])
BORNE_OUT = 1.15  # the longest limb counts up to this many times the second

GROUPS = {
    "head": ("nose", "l_eye", "r_eye", "l_ear", "r_ear"),
    "neck": ("l_shoulder", "r_shoulder"),
    "hip": ("l_hip", "r_hip"),
    "knee": ("l_knee", "r_knee"),
    "ankle": ("l_ankle", "r_ankle"),
    "hand": ("l_wrist", "r_wrist"),
}

_memo = threading.local()


def measurable(skeleton: Skeleton) -> Skeleton:
    """The skeleton itself; ConfigError for one without shoulders or hips, in which no rule could see anything."""
    given_skeleton(skeleton)
    upper, lower = {*GROUPS["neck"], "neck"}, {*GROUPS["hip"]}
    lacking = [word for word, names in (("shoulders", upper), ("hips", lower)) if not names & {*skeleton.keypoints}]
    if lacking:
        raise ConfigError(
            f"skeleton {skeleton.name!r} lacks {' and '.join(lacking)}, which falls, postures, gestures and activities "
            "are read from; name them l_shoulder, r_shoulder, l_hip and r_hip, or leave this rule out: rules = []"
        )
    return skeleton


def measure(people: Sequence[Track | Pose], skeleton: Skeleton = BODYPOSENET_18) -> list[Body]:
    """Bodies of the people of one frame, in their order. The rules of one frame share one measurement."""
    last: tuple[object, Skeleton, list[Body]] | None = getattr(_memo, "last", None)
    if last is not None and last[0] is people and last[1] is skeleton:
        return last[2]
    shape = (skeleton.n_keypoints, 3)
    keypoints = [(person.pose if isinstance(person, Track) else person).keypoints for person in people]
    for points in keypoints:
        if points.shape != shape:
            raise ShapeError(
                f"this rule reads {skeleton.name} keypoints of shape {shape}, got {points.shape}; "
                "make the rule with the skeleton of the network that found them, or write edgepose.convert(...)"
            )
    bodies = measure_keypoints(np.array(keypoints, np.float64).reshape(-1, *shape), skeleton)
    if isinstance(people, tuple):  # a list may change under the same name
        _memo.last = people, skeleton, bodies
    return bodies


def measure_keypoints(keypoints: NDArray[np.float64], skeleton: Skeleton = BODYPOSENET_18) -> list[Body]:
    """Bodies from float (N, K, 3) keypoints; not finite, (0, 0) or hardly scored keypoints are absent."""
    if not len(keypoints):
        return []
    if getattr(_memo, "indexed", None) is not skeleton:  # to compare a skeleton's names in every frame takes longer
        _memo.indexed, _memo.indices = skeleton, _indices(skeleton)
    groups, bones, joints, neck = _memo.indices
    n, n_keypoints, _ = keypoints.shape
    points = np.zeros((n_keypoints + 1, 3, n))  # the last is absent, and stands for what the skeleton lacks
    points[:-1] = keypoints.transpose(1, 2, 0)  # arithmetic along people is quickest
    total = points[:, 0] + points[:, 1]
    there = (points[:, 2] >= MIN_SCORE) & np.isfinite(total) & (total != 0)
    points[:, 2] = 1  # so that the sums of a group count its keypoints as well
    np.copyto(points, 0, where=~there[:, None])
    sums = (groups @ points.reshape(n_keypoints + 1, -1)).reshape(-1, 3, n)
    counts = sums[:, 2]  # (7, N)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = points[:, :2] / points[:, 2:]  # (K + 1, 2, N), NaN where nothing is seen
        parts = sums[:-1, :2] / sums[:-1, 2:]  # (6, 2, N), the same
        np.copyto(parts[1], seen[neck], where=counts[1] == 0)
        torso = parts[1] - parts[2]  # hip to neck
        torso_px = np.hypot(torso[0], torso[1])
        limbs = seen.take(bones[0], 0) - seen.take(bones[1], 0)
        limb_px = np.hypot(limbs[:, 0], limbs[:, 1])  # (9, N)
        sides = np.fmax(limb_px[:4], limb_px[4:8])  # upper arm, forearm, thigh, shank; the longer of left and right
        # both together never tell of a taller person than the one that tells of the taller
        height = np.fmax(torso_px / TORSO, (sides[2] + sides[3]) / (THIGH + SHANK))
        size = _size(torso_px, sides, limb_px[8])
        lean = np.degrees(np.arctan2(torso[0], -torso[1]))
        low, high = np.fmin.reduce(seen, 0), np.fmax.reduce(seen, 0)
    down = parts[2:5, 1] - parts[1:4, 1]  # (3, N): from neck to hip, to knee, to ankle
    whole = counts[-1:], height[None], np.abs(lean)[None], lean[None]
    rows = (parts.reshape(12, -1), low, high, *whole, down, seen.take(joints, 0).reshape(24, -1), size[None])
    return [*map(Body._make, np.concatenate(rows).T.tolist())]


def _size(
    torso_px: NDArray[np.float64], sides: NDArray[np.float64], span_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Body heights (N,) from torsos (N,), limbs (4, N) and shoulders (N,) in pixels; 0 where too little is seen.

    Foreshortening makes limbs too short, and a misplaced joint makes one too long; so the longest counts as far as
    the next one bears it out. Shoulders are across the body, and show its scale where it lies along the line of sight.
    """
    told = np.concatenate([torso_px[None], sides[2:], sides[:1] + sides[1:2]]) / _SHARES
    np.fmax(told, 0.0, out=told)
    told.sort(0)
    longest, second = told[-1], told[-2]
    alone = longest * (second == 0)
    size: NDArray[np.float64] = np.minimum(longest, np.maximum(BORNE_OUT * second, alone))
    np.fmax(size, span_px / BROAD, out=size)
    return size


@lru_cache(maxsize=8)
def _indices(skeleton: Skeleton) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp], int]:
    """Where to find what in K keypoints; what the skeleton lacks is found at -1.

    Membership (7, K + 1) in each of the groups and in all; ends (2, 9) of upper arm, forearm, thigh and shank, left and
    right, and of the shoulders; joints (12,) of right and left arm, right and left leg; the neck.
    """
    names = skeleton.keypoints
    groups = np.array([[float(name in group) for name in (*names, "")] for group in (*GROUPS.values(), names)])

    def find(sides: str, *joints: str) -> list[int]:
        wanted = [f"{side}_{joint}" for side in sides for joint in joints]
        return [names.index(name) if name in names else -1 for name in wanted]

    given_skeleton(skeleton)
    upper, lower = ("shoulder", "elbow", "hip", "knee"), ("elbow", "wrist", "knee", "ankle")
    bones = np.array(
        [
            find("l", *upper) + find("r", *upper) + find("l", "shoulder"),
            find("l", *lower) + find("r", *lower) + find("r", "shoulder"),
        ]
    )
    limbs = np.array(find("rl", "shoulder", "elbow", "wrist") + find("rl", "hip", "knee", "ankle"))
    return groups, bones, limbs, names.index("neck") if "neck" in names else -1
