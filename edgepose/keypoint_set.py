"""Keypoint sets of one's own: names, limbs and flips as a TOML file, a sidecar and a checkpoint write them down.

A `KeypointSet` is text and numbers; `skeleton` makes of it what grouping, training and drawing read. Poses of a set of
one's own stay in its order, those of the built-in sets reach the user in that of BODYPOSENET_18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated

from msgspec import Meta
from msgspec.structs import force_setattr

from edgepose.errors import ConfigError
from edgepose.options import Options
from edgepose.skeleton import BODYPOSENET_18, COCO_17, COCO_SIGMAS, SKELETONS, Skeleton, long_name

MOST = 100
"""Keypoints of a set."""

SIGMA = 0.07
"""OKS sigma of a keypoint whose part of the body COCO has no sigma for: between a wrist's and an elbow's."""

Pair = tuple[str, str]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class KeypointSet(Options, frozen=True):
    """The keypoints that a network of one's own finds, and how they hang together.

    Names are small letters, digits and _; `left_` or `l_`, `right_` or `r_` in front is a side. Raises ConfigError in
    one sentence for what cannot be learned: an unknown name, a keypoint that no limb joins to the others.

    >>> from edgepose.keypoint_set import KeypointSet
    >>> arm = KeypointSet(name="arms", keypoints=("chest", "left_hand", "right_hand"),
    ...     limbs=(("chest", "left_hand"), ("chest", "right_hand")))
    >>> arm.skeleton.limbs, arm.skeleton.flip_pairs
    (((0, 1), (0, 2)), ((2, 1),))
    """

    name: Annotated[str, Meta(description="what the set is called, in sidecars and messages")]
    keypoints: Annotated[
        tuple[str, ...], Meta(min_length=2, max_length=MOST, description="names of the keypoints, in their order")
    ]
    limbs: Annotated[
        tuple[Pair, ...],
        Meta(min_length=1, max_length=4 * MOST, description="pairs of names to be joined; people are grouped by them"),
    ]
    flips: Annotated[
        tuple[Pair, ...] | None,
        Meta(description="pairs of names that change places in a mirrored picture; left out: those of both sides"),
    ] = None
    sigmas: Annotated[
        dict[str, Annotated[float, Meta(gt=0, le=1)]] | None,
        Meta(description="OKS sigma by name, as a share of the person's size; left out: COCO's, else 0.07"),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("keypoints", "limbs", "flips"):  # lists, made in Python, into what can be hashed
            if (value := getattr(self, key)) is not None:
                force_setattr(self, key, tuple(one if isinstance(one, str) else tuple(one) for one in value))
        trouble = next(self._troubles(), None)
        if trouble is not None:
            raise ConfigError(f"keypoint set {self.name[:40]!r}: {trouble}")

    @property
    def skeleton(self) -> Skeleton:
        """The same as a Skeleton: limb k has the PAF channels 2k (x) and 2k + 1 (y)."""
        sigmas = {_short(name): value for name, value in (self.sigmas or {}).items()}
        return _skeleton(self.name, self.keypoints, self.limbs, self.flips, tuple(sorted(sigmas.items())))

    @staticmethod
    def of(skeleton: Skeleton) -> KeypointSet:
        """The set of a skeleton, as a file says it."""
        names = skeleton.long_names
        return KeypointSet(
            name=skeleton.name,
            keypoints=names,
            limbs=_named(skeleton.limbs, names),
            flips=_named(skeleton.flip_pairs, names),
            sigmas=dict(zip(names, skeleton.sigmas, strict=True)),
        )

    def _troubles(self) -> Iterator[str]:
        if self.name in SKELETONS or not _NAME.fullmatch(self.name):
            taken = "is that of a built-in set" if self.name in SKELETONS else "is no word"
            yield f"its name {taken}; give another of small letters, digits and _"
        for name in self.keypoints:
            if not _NAME.fullmatch(name):
                yield f"the keypoint {name[:40]!r} is no name; write small letters, digits and _, such as left_hand"
        names = [_short(name) for name in self.keypoints]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            yield f"two keypoints are named {long_name(twice)}; give each its own name"
        flips = self.flips or ()
        for what, given in (
            ("limbs", self.limbs),
            ("flips", flips),
            ("sigmas", [(one, "") for one in self.sigmas or ()]),
        ):
            for name in (name for pair in given for name in pair if name):
                if _short(name) not in names:
                    yield f"{what} name {name[:40]!r}, which is none of its keypoints: {', '.join(self.keypoints)}"
        yield from _crossed(flips)
        yield from _apart(names, self.limbs)
        yield from self._lopsided()

    def _lopsided(self) -> Iterator[str]:
        """A limb whose mirror image is no limb: a mirrored picture would show what the set has no channel for."""
        keypoints, other = self.skeleton.keypoints, list(range(len(self.keypoints)))
        for a, b in self.skeleton.flip_pairs:
            other[a], other[b] = b, a
        limbs = {frozenset(limb) for limb in self.skeleton.limbs}
        for start, end in self.skeleton.limbs:
            if frozenset((other[start], other[end])) not in limbs:
                missing, there = (
                    "-".join(long_name(keypoints[k]) for k in pair)
                    for pair in ((other[start], other[end]), (start, end))
                )
                yield f"the limb {there} has no mirror image; add the limb {missing}, or set flips = []"


def skeleton_of(name: str, own: KeypointSet | None) -> Skeleton:
    """The skeleton of a contract or a network: that of its own set, else the built-in one it names."""
    return SKELETONS[name] if own is None else own.skeleton


def is_own(skeleton: Skeleton) -> bool:
    """Whether these keypoints are a set of one's own."""
    return SKELETONS.get(skeleton.name) != skeleton


def pose_skeleton(skeleton: Skeleton) -> Skeleton:
    """Whose keypoints the poses of a network have that reach the user."""
    return skeleton if is_own(skeleton) else BODYPOSENET_18


def label_skeleton(skeleton: Skeleton) -> Skeleton:
    """Whose keypoints annotations and results have that a network is trained and judged with."""
    return skeleton if is_own(skeleton) else COCO_17


@lru_cache(maxsize=16)
def _skeleton(
    name: str,
    keypoints: Sequence[str],
    limbs: Sequence[Pair],
    flips: Sequence[Pair] | None,
    sigmas: Sequence[tuple[str, float]],
) -> Skeleton:
    names = tuple(_short(one) for one in keypoints)
    given = dict(sigmas)
    sided = [(one, "l_" + one[2:]) for one in names if one[:2] == "r_" and "l_" + one[2:] in names]
    pairs = sided if flips is None else flips
    return Skeleton(
        name,
        names,
        _indices(limbs, names),
        tuple((2 * k, 2 * k + 1) for k in range(len(limbs))),
        tuple(given.get(one, COCO_SIGMAS.get(one.split("_")[-1], SIGMA)) for one in names),
        _indices(pairs, names),
    )


def _short(name: str) -> str:
    """l_hand for left_hand."""
    for side in ("left_", "right_"):
        if name.startswith(side):
            return f"{side[0]}_{name[len(side) :]}"
    return name


def _indices(pairs: Sequence[Pair], names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    return tuple((names.index(_short(a)), names.index(_short(b))) for a, b in pairs)


def _named(pairs: Sequence[tuple[int, int]], names: Sequence[str]) -> tuple[Pair, ...]:
    return tuple((names[a], names[b]) for a, b in pairs)


def _crossed(flips: Sequence[Pair]) -> Iterator[str]:
    """A keypoint that is to change places with two others, or with itself."""
    ends = [_short(name) for pair in flips for name in pair]
    for name in ends:
        if ends.count(name) > 1:
            yield f"flips name {long_name(name)} twice; a keypoint changes places with one other"


def _apart(names: Sequence[str], limbs: Sequence[Pair]) -> Iterator[str]:
    """A limb from a keypoint to itself or twice, or keypoints that no limbs lead to from the first."""
    joined = [frozenset(map(_short, limb)) for limb in limbs]
    for limb, pair in zip(joined, limbs, strict=True):
        if len(limb) < 2 or joined.count(limb) > 1:
            yield f"the limb {'-'.join(pair)} is {'of one keypoint' if len(limb) < 2 else 'there twice'}; leave it out"
    reached = {names[0]}
    for _ in names:
        reached |= {name for limb in joined if limb & reached for name in limb}
    lost = [long_name(name) for name in names if name not in reached]
    if lost:
        yield f"no limbs lead from {long_name(names[0])} to {', '.join(lost)}; add limbs that join them to the others"
