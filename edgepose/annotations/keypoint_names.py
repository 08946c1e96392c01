"""Which of a file's keypoints is which of the wanted: by their names where they are known, else by their places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from edgepose.errors import DataError
from edgepose.skeleton import COCO_17, Skeleton

MIN_KNOWN = 9
"""COCO keypoints, of 17, that a file with names of its own must have; MPII, CrowdPose and Leeds Sports have 12."""

_SIDES = {"left": "l", "l": "l", "right": "r", "r": "r"}
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def positions(names: Sequence[Any], path: str, skeleton: Skeleton) -> tuple[int, ...]:
    """For each keypoint of the skeleton its place among the file's names, -1 where the file has none.

    DataError for a file that lacks one of a set of one's own, or too many of COCO's.
    """
    return coco_positions(names, path) if skeleton is COCO_17 else _own_positions(names, path, skeleton)


def _own_positions(names: Sequence[Any], path: str, skeleton: Skeleton) -> tuple[int, ...]:
    """By name, whatever its case and however its side is written; by place where no name is known and all are there."""
    known = {_plain(name): place for place, name in enumerate(names)}
    found = tuple(known.get(_plain(name), -1) for name in skeleton.long_names)
    if set(found) == {-1} and len(names) == skeleton.n_keypoints:
        return tuple(range(skeleton.n_keypoints))
    lacking = [name for name, place in zip(skeleton.long_names, found, strict=True) if place < 0]
    if lacking:
        raise DataError(
            f"annotations '{path}' do not name {', '.join(lacking)[:200]} of the keypoint set {skeleton.name!r}; they "
            f"name {', '.join(map(str, names))[:200]}: give all names of the set in categories[].keypoints"
        )
    return found


def _plain(name: Any) -> str:
    """l_hand for "left_hand", "LeftHand", "hand left"."""
    words = [word.lower() for word in _PART.findall(name)] if isinstance(name, str) else []
    sides = [_SIDES[word] for word in words if word in _SIDES]
    return "_".join([*sides, *(word for word in words if word not in _SIDES)])


def coco_name(name: Any) -> str | None:
    """l_shoulder for "left_shoulder", "LShoulder", "Shoulder left"; None for what COCO does not label."""
    if not isinstance(name, str):
        return None
    words = [word.lower() for word in _WORD.findall(name)]
    if len(words) == 1 and words[0] not in COCO_17.keypoints and words[0][0] in "lr":
        words = [words[0][0], words[0][1:]]  # lshoulder
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = "_".join(word for word in words if word not in _SIDES)
    found = "_".join([*sides, rest])
    return found if found in COCO_17.keypoints else None


def coco_positions(names: Sequence[Any], path: str) -> tuple[int, ...]:
    """For each of COCO's 17 keypoints its place among the file's, -1 where the file has none.

    Names that say nothing ("0", "point 3") leave COCO's order, where they are 17. DataError when a file with another
    number of keypoints, or in another order, names too few of them.
    """
    known = [coco_name(name) for name in names]
    twice = {name for name in known if name is not None and known.count(name) > 1}
    if twice:
        raise DataError(f"annotations '{path}' name the keypoint {min(twice)} twice; give each keypoint its own name")
    in_place = all(name is None or COCO_17.index(name) == k for k, name in enumerate(known))
    if len(names) == COCO_17.n_keypoints and in_place:
        return tuple(range(COCO_17.n_keypoints))
    positions = tuple(known.index(name) if name in known else -1 for name in COCO_17.keypoints)
    n_known = sum(position >= 0 for position in positions)
    if n_known < MIN_KNOWN:
        strange = ", ".join(str(name)[:30] for name, found in zip(names, known, strict=True) if found is None)
        raise DataError(
            f"annotations '{path}' have {len(names)} keypoints, of which {n_known} are named as COCO names them and "
            f"others are not ({strange[:200]}); wanted COCO's 17 in its order, or at least {MIN_KNOWN} of their names "
            "(nose, left_eye, right_shoulder ...) in categories[].keypoints"
        )
    return positions
