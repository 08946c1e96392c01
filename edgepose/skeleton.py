"""Skeletons: keypoints, limbs, PAF channels, sigmas and flip pairs of one keypoint set.

A skeleton belongs to a model (`ModelSpec.skeleton`) and is what grouping, drawing, training and scoring read, so
that no other file names a keypoint by number. Everything counts from zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ConfigError
from edgepose.shown import shown


@dataclass(frozen=True)
class Skeleton:
    """One keypoint set and the limbs that join it.

    name: identifier, as written in a sidecar.
    keypoints: K names.
    limbs: L pairs (start, end) of keypoint indices; the PAF of a limb points from start to end.
    paf_channels: L pairs (x channel, y channel) in the model's PAF tensor.
    sigmas: K OKS sigmas (COCO definition; the neck takes the shoulder's).
    flip_pairs: pairs of keypoint indices that change places when a picture is mirrored.

    Raises ConfigError for sigmas, PAF channels or limbs that do not fit the keypoints, and for what is no such tuple.

    >>> import edgepose
    >>> skeleton = edgepose.BODYPOSENET_18
    >>> skeleton.n_keypoints, skeleton.n_limbs, skeleton.index("left_wrist")
    (18, 19, 7)
    >>> edgepose.COCO_17.long_names[:3], edgepose.TRT_POSE_18.keypoints[-1]
    (('nose', 'left_eye', 'right_eye'), 'neck')
    >>> edgepose.Skeleton("arm", ("elbow", "wrist"), ((0, 1),), ((0, 1),), (0.072, 0.062)).n_pafs
    2
    """

    name: str
    keypoints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    paf_channels: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]
    flip_pairs: tuple[tuple[int, int], ...] = field(default=())

    def __post_init__(self) -> None:
        _check_parts(self)
        n_keypoints = len(self.keypoints)
        if len(self.sigmas) != n_keypoints:
            raise ConfigError(f"skeleton {self.name!r}: {n_keypoints} keypoints but {len(self.sigmas)} sigmas")
        if len(self.limbs) != len(self.paf_channels):
            raise ConfigError(f"skeleton {self.name!r}: {len(self.limbs)} limbs but {len(self.paf_channels)} PAF pairs")
        if any(not 0 <= end < n_keypoints for limb in self.limbs for end in limb):
            raise ConfigError(f"skeleton {self.name!r}: a limb names a keypoint outside 0..{n_keypoints - 1}")

    @property
    def n_keypoints(self) -> int:
        return len(self.keypoints)

    @property
    def n_limbs(self) -> int:
        return len(self.limbs)

    @property
    def n_pafs(self) -> int:
        """Channels of the PAF tensor."""
        return 2 * len(self.limbs)

    @cached_property
    def limb_array(self) -> NDArray[np.int32]:
        """int32 (L, 4): start keypoint, end keypoint, x channel, y channel."""
        rows = [(*limb, *channels) for limb, channels in zip(self.limbs, self.paf_channels, strict=True)]
        return np.asarray(rows, np.int32).reshape(-1, 4)

    @cached_property
    def sigma_array(self) -> NDArray[np.float32]:
        """float32 (K,) OKS sigmas."""
        return np.asarray(self.sigmas, np.float32)

    @cached_property
    def long_names(self) -> tuple[str, ...]:
        """K names as COCO writes them: left_wrist for l_wrist."""
        return tuple(long_name(name) for name in self.keypoints)

    @cached_property
    def _indices(self) -> dict[str, int]:
        names = (*self.keypoints, *self.long_names)
        return dict(zip(names, 2 * tuple(range(self.n_keypoints)), strict=True))

    def index(self, keypoint: str) -> int:
        """Index of a keypoint by name, l_wrist or left_wrist; ValueError when this skeleton has none of that name."""
        try:
            return self._indices[keypoint]
        except KeyError:
            close = get_close_matches(keypoint, self._indices, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(self.long_names)}"
            raise ValueError(f"skeleton {self.name!r} has no keypoint {keypoint!r}; {hint}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Built-in skeletons are pickled by name: every Pose refers to one."""
        if SKELETONS.get(self.name) is self:
            return _built_in, (self.name,)
        return Skeleton, tuple(getattr(self, part.name) for part in fields(self))

    def at_least(self, n: int) -> int:
        """Keypoints that a person needs where `n` are asked of a whole body: of a small set half at most."""
        return n if self.n_keypoints >= COCO_17.n_keypoints else min(n, max(2, (self.n_keypoints + 1) // 2))

    def mapping_to(self, other: Skeleton) -> tuple[int, ...]:
        """For each keypoint of `other` the index of the same-named keypoint here, or -1."""
        return tuple(self.keypoints.index(name) if name in self.keypoints else -1 for name in other.keypoints)


def given_skeleton(skeleton: Any) -> Skeleton:
    """The skeleton handed in; ConfigError for anything else, with what to write."""
    if isinstance(skeleton, Skeleton):
        return skeleton
    named = SKELETONS.get(skeleton) if isinstance(skeleton, str) else None
    wanted = f"edgepose.{named.name.upper()}" if named else "edgepose.BODYPOSENET_18 or another edgepose.Skeleton"
    raise ConfigError(f"skeleton is {wanted}, got {shown(skeleton)}")


def _check_parts(skeleton: Skeleton) -> None:
    """ConfigError where a part is not as its name says: the dataclass itself looks at no type."""
    pairs = "pairs of keypoint numbers, such as ((0, 1), (1, 2))"
    for name, wanted, fits in (
        ("keypoints", 'names, such as ("nose", "neck")', lambda one: isinstance(one, str)),
        ("limbs", pairs, _is_pair),
        ("paf_channels", "pairs of channel numbers, such as ((0, 1), (2, 3))", _is_pair),
        ("sigmas", "numbers, one for each keypoint", lambda one: isinstance(one, (int, float, np.number))),
        ("flip_pairs", pairs, _is_pair),
    ):
        part = getattr(skeleton, name)
        if not (isinstance(part, (tuple, list)) and all(map(fits, part))):
            raise ConfigError(f"{name} of skeleton {shown(skeleton.name)} are {wanted}, got {shown(part)}")


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(n, (int, np.integer)) for n in value)


def long_name(keypoint: str) -> str:
    """COCO's name of a keypoint: left_wrist for l_wrist."""
    side = {"l_": "left_", "r_": "right_"}.get(keypoint[:2])
    return keypoint if side is None else side + keypoint[2:]


COCO_SIGMAS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062,
    "hip": 0.107, "knee": 0.087, "ankle": 0.089, "neck": 0.079,
}  # fmt: skip
"""OKS sigma by part of the body, as COCO defines it; the neck takes the shoulder's."""


def _sigmas(keypoints: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(COCO_SIGMAS[name.split("_")[-1]] for name in keypoints)


def _flip_pairs(keypoints: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    right = [name for name in keypoints if name.startswith("r_")]
    return tuple((keypoints.index(name), keypoints.index("l_" + name[2:])) for name in right)


def _skeleton(name: str, keypoints: str, limbs: tuple[tuple[int, int], ...], *, y_first: bool = False) -> Skeleton:
    names = tuple(keypoints.split())
    channels = tuple((2 * i + y_first, 2 * i + 1 - y_first) for i in range(len(limbs)))
    return Skeleton(name, names, limbs, channels, _sigmas(names), _flip_pairs(names))


BODYPOSENET_18 = _skeleton(
    "bodyposenet_18",
    "nose neck r_shoulder r_elbow r_wrist l_shoulder l_elbow l_wrist r_hip r_knee r_ankle l_hip l_knee l_ankle "
    "r_eye l_eye r_ear l_ear",
    ((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 2), (2, 3), (3, 4), (2, 16), (1, 5), (5, 6), (6, 7),
     (5, 17), (1, 0), (0, 14), (0, 15), (14, 16), (15, 17)),
)  # fmt: skip
"""BodyPoseNet, OpenPose COCO-18 and Lightweight OpenPose: 18 keypoints, 19 limbs, PAF channels 2k (x), 2k + 1 (y)."""

TRT_POSE_18 = _skeleton(
    "trt_pose_18",
    "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist l_hip r_hip l_knee r_knee "
    "l_ankle r_ankle neck",
    ((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 7), (6, 8), (7, 9), (8, 10), (1, 2), (0, 1), (0, 2),
     (1, 3), (2, 4), (3, 5), (4, 6), (17, 0), (17, 5), (17, 6), (17, 11), (17, 12)),
    y_first=True,
)  # fmt: skip
"""trt_pose's human_pose.json: COCO order with the neck last, 21 limbs, the y channel before x."""

COCO_17 = _skeleton(
    "coco_17",
    "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist l_hip r_hip l_knee r_knee "
    "l_ankle r_ankle",
    (),
)
"""COCO's annotation order; no PAFs. The neck is derived as the middle of both shoulders."""

SKELETONS = {skeleton.name: skeleton for skeleton in (BODYPOSENET_18, TRT_POSE_18, COCO_17)}
"""Every built-in skeleton by name, as a sidecar names it."""


def _built_in(name: str) -> Skeleton:
    """What a pickled built-in skeleton is made of again."""
    return SKELETONS[name]
