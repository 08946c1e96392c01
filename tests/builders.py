"""People and fields from numbers, for every test. Keypoints are float32 (K, 3) in BodyPoseNet's order and in pixels.

`standing`, `sitting` and `lying` draw one figure whose proportions are those of an adult seen from the front; a test
moves it about and can work out every coordinate on paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgepose.decode.render import render_fields
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Fields, Pose

_STANDING = {
    "nose": (0.00, -0.90), "neck": (0.00, -0.80), "r_shoulder": (-0.11, -0.80), "r_elbow": (-0.15, -0.63),
    "r_wrist": (-0.16, -0.48), "l_shoulder": (0.11, -0.80), "l_elbow": (0.15, -0.63), "l_wrist": (0.16, -0.48),
    "r_hip": (-0.07, -0.52), "r_knee": (-0.08, -0.28), "r_ankle": (-0.08, -0.04), "l_hip": (0.07, -0.52),
    "l_knee": (0.08, -0.28), "l_ankle": (0.08, -0.04), "r_eye": (-0.02, -0.93), "l_eye": (0.02, -0.93),
    "r_ear": (-0.05, -0.92), "l_ear": (0.05, -0.92),
}  # fmt: skip
"""x, y in body heights from the point between the feet; y points down, so the head is negative."""

_SITTING = _STANDING | {
    name: (x, y + 0.24) for name, (x, y) in _STANDING.items() if name.split("_")[-1] not in ("knee", "ankle")
}


def standing(feet: tuple[float, float] = (100, 220), height: float = 200, score: float = 0.9) -> NDArray[np.float32]:
    """An upright person; `feet` is the point between the feet and `height` the body height, both in pixels."""
    return _figure(_STANDING, feet, height, score)


def sitting(feet: tuple[float, float] = (100, 220), height: float = 200, score: float = 0.9) -> NDArray[np.float32]:
    """A person on a chair seen from the front: the thighs point at the camera, so hips and knees are level."""
    return _figure(_SITTING, feet, height, score)


def lying(feet: tuple[float, float] = (20, 200), height: float = 200, score: float = 0.9) -> NDArray[np.float32]:
    """A person flat on the floor, head to the right of the feet."""
    upright = _figure(_STANDING, (0, 0), height, score)
    return np.stack([feet[0] - upright[:, 1], feet[1] + upright[:, 0], upright[:, 2]], axis=1)


def without(keypoints: NDArray[np.float32], *names: str, skeleton: Skeleton = BODYPOSENET_18) -> NDArray[np.float32]:
    """The same person with the named keypoints absent (NaN, NaN, 0)."""
    missing = keypoints.copy()
    missing[[skeleton.index(name) for name in names]] = (np.nan, np.nan, 0)
    return missing


def only(keypoints: NDArray[np.float32], *names: str, skeleton: Skeleton = BODYPOSENET_18) -> NDArray[np.float32]:
    """The same person with all but the named keypoints absent."""
    return without(keypoints, *(name for name in skeleton.keypoints if name not in names), skeleton=skeleton)


def pose_of(keypoints: NDArray[np.float32]) -> Pose:
    """A Pose whose score is the mean keypoint score."""
    return Pose(keypoints, float(keypoints[:, 2].mean()))


def to_skeleton(keypoints: NDArray[np.float32], skeleton: Skeleton) -> NDArray[np.float32]:
    """The same person in another skeleton's keypoint order; what that skeleton has and ours lacks is absent."""
    source = np.asarray(BODYPOSENET_18.mapping_to(skeleton))
    other = keypoints[source]
    other[source < 0] = (np.nan, np.nan, 0)
    return other


def fields_of(
    people: Sequence[NDArray[np.float32]],
    input_hw: tuple[int, int] = (256, 448),
    *,
    skeleton: Skeleton = BODYPOSENET_18,
    heatmap_stride: int = 8,
    paf_stride: int = 8,
) -> Fields:
    """What a perfect network would say about these people."""
    return render_fields(people, input_hw, skeleton=skeleton, heatmap_stride=heatmap_stride, paf_stride=paf_stride)


def _figure(
    figure: dict[str, tuple[float, float]], feet: tuple[float, float], height: float, score: float
) -> NDArray[np.float32]:
    xy = np.array([figure[name] for name in BODYPOSENET_18.keypoints]) * height + feet
    return np.column_stack([xy, np.full(len(xy), score)]).astype(np.float32)
