"""What a host program hands in where people, a second or a size are wanted; what is none is refused in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgepose.errors import ShapeError
from edgepose.types.person import Pose, Track


def check_people(people: Any) -> None:
    """ShapeError, with what to write, for what is no sequence of poses or tracks."""
    if isinstance(people, Sequence) and all(isinstance(one, (Pose, Track)) for one in people):
        return
    if isinstance(people, (Pose, Track)):
        raise ShapeError(f"people are a list, got one {type(people).__name__}; write [it]")
    arrays = people if isinstance(people, np.ndarray) else next(iter(people), None) if _goes_round(people) else None
    if isinstance(arrays, np.ndarray):
        raise ShapeError(
            "people are a list of edgepose.Pose, got keypoints as an array; write "
            '[edgepose.convert(person, "coco17") for person in keypoints]'
        )
    raise ShapeError(f"people are a list of edgepose.Pose or edgepose.Track, got {_what(people)}; for nobody write []")


def check_second(t: Any) -> None:
    """ShapeError for a time that is no number of seconds; NaN and infinity are the caller's to judge."""
    if isinstance(t, (float, int, np.number)):
        return
    raise ShapeError(f"t is the second of capture as a number, such as time.monotonic() gives, got {_what(t)}")


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
            f"size_wh is (width, height) in pixels, got {_what(size_wh)}; of an array write "
            "(image.shape[1], image.shape[0])"
        )


def _goes_round(people: Any) -> bool:
    return hasattr(people, "__iter__") and not isinstance(people, (str, bytes))


def _what(value: Any) -> str:
    """A value as a message shows it: short ones whole, others by their type."""
    shown = repr(value)
    return shown if len(shown) <= 40 and shown.isprintable() else f"a {type(value).__name__}"
