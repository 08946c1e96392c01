"""Numbers and ids as they stand in other people's JSON: as numbers, as text, as null."""

from __future__ import annotations

import math
from typing import Any

from edgepose.annotations.values import Identifier

FARTHEST_PX = 1e6
"""Pixels; coordinates beyond lie in no picture."""


def number(value: Any) -> float | None:
    """A finite number, given as one or as text; None for everything else."""
    if value.__class__ is bool or not isinstance(value, (float, int, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def pixels(value: Any) -> int | None:
    """Width or height of a picture in pixels; None when it is none."""
    found = number(value)
    return int(found) if found is not None and 1 <= found <= FARTHEST_PX and found == int(found) else None


def identifier(value: Any) -> Identifier | None:
    """An id that is the same written as 7, 7.0 or "7"; None where there is none."""
    if value.__class__ is int:
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else None
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    return int(text) if len(text) < 20 and text.isascii() and text.isdigit() and text == str(int(text)) else text


def box(value: Any) -> tuple[float, float, float, float] | None:
    """x, y, width, height in pixels with an area; None for what is no such box."""
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        return None
    try:
        x, y, width, height = map(float, value)
    except (TypeError, ValueError, OverflowError):
        return None
    inside = abs(x) <= FARTHEST_PX and abs(y) <= FARTHEST_PX and 0 < width <= FARTHEST_PX and 0 < height <= FARTHEST_PX
    return (x, y, width, height) if inside else None  # not inside: NaN
