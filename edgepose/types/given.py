"""What a host program hands in where people, a second or a size are wanted; what is none is refused in one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from edgepose.errors import ShapeError
from edgepose.shown import shown
from edgepose.types.person import Pose, Track

MAX_SECOND = 1 << 62
"""No clock counts further; what does is an int that no float holds."""


def check_people(people: Any) -> None:
    """ShapeError, with what to write, for what is no sequence of poses or tracks."""
    if isinstance(people, Sequence) and all(isinstance(one, (Pose, Track)) for one in people):
        return
    if isinstance(people, (Pose, Track)):
        raise ShapeError(f"people are a list, got one {type(people).__name__}; write [it]")
    first = next(iter(people), None) if isinstance(people, Iterable) else None
    arrays = people if isinstance(people, np.ndarray) else first
    if isinstance(arrays, np.ndarray):
        raise ShapeError(
            "people are a list of edgepose.Pose, got keypoints as an array; write "
            '[edgepose.convert(person, "coco17") for person in keypoints]'
        )
    raise ShapeError(f"people are a list of edgepose.Pose or edgepose.Track, got {shown(people)}; for nobody write []")


def check_second(t: Any) -> None:
    """ShapeError for a time that is no number of seconds; NaN and infinity are the caller's to judge."""
    if isinstance(t, (float, int, np.number)) and (not isinstance(t, int) or abs(t) < MAX_SECOND):
        return
    raise ShapeError(f"t is the second of capture as a number, such as time.monotonic() gives, got {shown(t)}")


def check_size(size_wh: Any) -> None:
    """ShapeError for what is no width and height in pixels; None, for unknown, passes."""
    if size_wh is None:
        return
    try:
        width, height = size_wh
        good = all(isinstance(side, (float, int, np.number)) and 0 < side < math.inf for side in (width, height))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ShapeError(
            f"size_wh is (width, height) in pixels, got {shown(size_wh)}; of an array write "
            "(image.shape[1], image.shape[0])"
        )
