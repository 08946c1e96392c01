"""The words that the readers of headers share."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

Turn = Literal["flip", "upend", "half", "right", "left", "transpose"]
"""flip: left and right swapped. upend: top and bottom swapped. right, left: a quarter turn clockwise, the other
way. transpose: x and y swapped."""

PAST_END = (struct.error, IndexError, OverflowError)
"""What reading a field behind the end of a file raises."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file says of itself.

    kind: as its users call it. size_wh: pixels as stored, (0, 0) where this is not known. n_pictures: more than 1 where
    it moves or has pages. turns: what makes the stored rows upright, in this order. cropped: whether less than size_wh
    is shown.
    """

    kind: str
    size_wh: tuple[int, int] = (0, 0)
    n_pictures: int = 1
    turns: tuple[Turn, ...] = ()
    cropped: bool = False


class DamagedError(Exception):
    """The picture cannot be read; the text goes on after its name."""


class CutOffError(DamagedError):
    """Bytes that the header promises are missing."""

    def __init__(self) -> None:
        super().__init__("is cut off: its end is missing; copy it again")


def named(kind: str) -> str:
    """The kind with its article."""
    return f"{'an' if kind.startswith('A') else 'a'} {kind} picture"
