"""What a skeleton says about a body: where its parts are, how long it is, how it leans. All rules start from here.

Heights and distances stay in pixels here; rules divide by the body height, estimated from limbs that are seen, so
that thresholds mean the same for a child near the camera and an adult across the room.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ShapeError
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import FloatArray, Pose, Track

MIN_SCORE = 0.05  # networks that always answer with all keypoints give their guesses less

MIN_HEIGHT_PX = 8.0  # smaller people are all noise

TORSO, THIGH, SHANK = 0.288, 0.245, 0.246  # lengths in body heights: Drillis and Contini 1966, as in Winter 2009

SEATED_THIGH = 0.75  # height of the thigh in the picture against the shank's: about 1 standing, 0 to 0.65 seated

GROUPS = {
    "head": ("nose", "l_eye", "r_eye", "l_ear", "r_ear"),
    "neck": ("l_shoulder", "r_shoulder"),
    "hip": ("l_hip", "r_hip"),
    "knee": ("l_knee", "r_knee"),
    "ankle": ("l_ankle", "r_ankle"),
    "hand": ("l_wrist", "r_wrist"),
}


class Body(NamedTuple):
    """One person's body in one frame, in pixels of the picture, y down; NaN is unknown.

    head, neck, hip, knee, ankle, hand: middle of the parts that are seen (neck: of the shoulders).
    left, top, right, bottom: box around the keypoints. n: number of keypoints.
    height_px: how tall the person would stand here, from the longest chain of limbs that is seen; foreshortening makes
        it too small, never too large.
    angle_deg: torso from upright, 0 standing, 90 horizontal, 180 head down. lean_deg: the same, positive to the right.
    """

    head_x: float
    head_y: float
    neck_x: float
    neck_y: float
    hip_x: float
    hip_y: float
    knee_x: float
    knee_y: float
    ankle_x: float
    ankle_y: float
    hand_x: float
    hand_y: float
    left: float
    top: float
    right: float
    bottom: float
    n: float
    height_px: float
    angle_deg: float
    lean_deg: float

    @property
    def parts(self) -> tuple[float, ...]:
        """x and y in turn of head, neck, hip, knee, ankle and hand."""
        return self[:12]

    @property
    def legs(self) -> bool:
        """Whether a knee or an ankle is seen."""
        return self.knee_y == self.knee_y or self.ankle_y == self.ankle_y

    @property
    def centre(self) -> tuple[float, float]:
        """Hips, else shoulders, else the middle of the box."""
        if self.hip_y == self.hip_y:
            return self.hip_x, self.hip_y
        if self.neck_y == self.neck_y:
            return self.neck_x, self.neck_y
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def measurable(self) -> bool:
        """Whether there is enough to judge a posture by."""
        return self.n >= 4 and self.neck_y == self.neck_y and self.height_px >= MIN_HEIGHT_PX


def stands_on_legs(body: Body, height_px: float) -> bool:
    """Whether thighs and shanks go down from the hips as far as those of somebody who stands or bends over.

    On a seat the thigh turns towards the horizontal or the camera, so that its height in the picture shrinks against
    the shank's, however high the camera hangs.
    """
    thigh, shank = body.knee_y - body.hip_y, body.ankle_y - body.knee_y
    return thigh > 0.5 * THIGH * height_px and shank > 0.4 * SHANK * height_px and thigh > SEATED_THIGH * shank


_memo = threading.local()


def measure(people: Sequence[Track | Pose], skeleton: Skeleton = BODYPOSENET_18) -> list[Body]:
    """Bodies of the people of one frame, in their order. The rules of one frame share one measurement."""
    if getattr(_memo, "people", None) is people and _memo.skeleton is skeleton:
        bodies: list[Body] = _memo.bodies
        return bodies
    shape = (skeleton.n_keypoints, 3)
    poses = [person.pose if isinstance(person, Track) else person for person in people]
    for pose in poses:
        if pose.keypoints.shape != shape:
            raise ShapeError(
                f"this rule reads {skeleton.name} keypoints of shape {shape}, got {pose.keypoints.shape}; "
                "make the rule with the skeleton of the network that found them"
            )
    bodies = measure_keypoints(np.array([pose.keypoints for pose in poses], np.float64).reshape(-1, *shape), skeleton)
    if isinstance(people, tuple):  # a list may change under the same name
        _memo.people, _memo.skeleton, _memo.bodies = people, skeleton, bodies
    return bodies


def measure_keypoints(keypoints: NDArray[np.float64], skeleton: Skeleton = BODYPOSENET_18) -> list[Body]:
    """Bodies from float (N, K, 3) keypoints; not finite, (0, 0) or hardly scored keypoints are absent."""
    if not len(keypoints):
        return []
    groups, limbs, neck = _indices(skeleton)
    xy = np.ascontiguousarray(keypoints[..., :2].transpose(0, 2, 1))  # (N, 2, K): sums along keypoints are quickest
    total = xy[:, 0] + xy[:, 1]
    there = (keypoints[..., 2] >= MIN_SCORE) & (np.abs(total) < np.inf) & (total != 0)
    n = there.sum(1)
    masked = np.where(there[:, None], xy, 0)
    counts = there @ groups.T  # (N, 6)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = (masked @ groups.T) / counts[:, None]  # (N, 2, 6), NaN where nothing is seen
        if neck >= 0 and not counts[:, 1].all():
            lone = (counts[:, 1] == 0) & there[:, neck]
            parts[lone, :, 1] = xy[lone, :, neck]
        torso = parts[..., 1] - parts[..., 2]  # hip to neck
        masked = np.where(there[:, None], xy, np.nan)
        bones = masked[..., limbs[:, 0]] - masked[..., limbs[:, 1]]
        bone_px = np.hypot(bones[:, 0], bones[:, 1])  # (N, 4): thighs, shanks
        torso_px = np.hypot(torso[:, 0], torso[:, 1])
        thigh, shank = np.fmax(bone_px[:, 0], bone_px[:, 1]), np.fmax(bone_px[:, 2], bone_px[:, 3])
        height = np.fmax(torso_px / TORSO, (thigh + shank) / (THIGH + SHANK))
        height = np.fmax(height, (torso_px + thigh + shank) / (TORSO + THIGH + SHANK))
        lean = np.degrees(np.arctan2(torso[:, 0], -torso[:, 1]))
        low, high = np.fmin.reduce(masked, 2), np.fmax.reduce(masked, 2)
    table = np.empty((len(keypoints), len(Body._fields)))
    table[:, 0:12:2], table[:, 1:12:2] = parts[:, 0], parts[:, 1]
    table[:, 12:14], table[:, 14:16] = low, high
    table[:, 16], table[:, 17], table[:, 18], table[:, 19] = n, height, np.abs(lean), lean
    return [Body._make(row) for row in table.tolist()]


@lru_cache(maxsize=8)
def _indices(skeleton: Skeleton) -> tuple[NDArray[np.float64], NDArray[np.intp], int]:
    """Group membership (6, K), bones (4, 2) as keypoint indices, and the neck keypoint or -1."""
    groups = np.array([[float(name in names) for name in skeleton.keypoints] for names in GROUPS.values()])
    pairs = (("l_hip", "l_knee"), ("r_hip", "r_knee"), ("l_knee", "l_ankle"), ("r_knee", "r_ankle"))
    bones = np.array([[skeleton.index(end) for end in pair] for pair in pairs], np.intp)
    return groups, bones, skeleton.keypoints.index("neck") if "neck" in skeleton.keypoints else -1


def keypoint_array(people: Sequence[Track | Pose]) -> FloatArray:
    """float32 (N, K, 3) of all people."""
    return np.array([(p.pose if isinstance(p, Track) else p).keypoints for p in people], np.float32)
