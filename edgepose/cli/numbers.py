"""Numbers on the command line, for `type=` of a flag: within bounds, or the usage is wrong and says what was wanted."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ArgumentTypeError(f"wanted a whole number from {low} to {high}, got {text[:40]!r}")
        return number

    return read


def real(low: float, high: float) -> Callable[[str], float]:
    """Reads a number from `low` to `high`; nan is none."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise ArgumentTypeError(f"wanted a number from {low:g} to {high:g}, got {text[:40]!r}")
        return number

    return read


HEIGHT = whole(1, 8192)
"""Height of a network's input, pixels."""

SCORE = real(0, 1)
"""Score of a person."""

SIDE = whole(0, 16_384)
"""Side of a picture to ask a camera for, pixels; 0 leaves it to the camera."""

WEEK_S = 7 * 86_400
"""Longest time to look at something, seconds."""
