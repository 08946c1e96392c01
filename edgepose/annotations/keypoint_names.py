"""Which of a file's keypoints is which of COCO's: by their names where they are known, else by their places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from edgepose.errors import DataError
from edgepose.skeleton import COCO_17

IN_ORDER = tuple(range(COCO_17.n_keypoints))
"""COCO's own order."""

MIN_KNOWN = 9
"""COCO keypoints, of 17, that a file with names of its own must have; MPII, CrowdPose and Leeds Sports have 12."""

_SIDES = {"left": "l", "l": "l", "right": "r", "r": "r"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


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
        return IN_ORDER
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
