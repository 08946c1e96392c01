"""Size and turn of a picture from the beginning of its file, so that a list of 100,000 is looked at within seconds."""

from __future__ import annotations

import contextlib
import mmap
from pathlib import Path
from typing import NamedTuple, cast

from edgepose.pictures import read_image
from edgepose.pictures.chunks import png
from edgepose.pictures.jpeg import jpeg
from edgepose.pictures.words import PAST_END, DamagedError, Header

_QUARTERS = frozenset({"right", "left", "transpose"})
"""Turns after which width and height have changed places."""

_START = 1 << 16
"""Bytes in which a JPEG's size stands, unless it carries a large preview."""
_END_OF_JPEG = b"\xff\xd9"


class Shape(NamedTuple):
    """Width and height in pixels of the rows as stored and of the upright picture; whether EXIF turns or mirrors it."""

    stored_wh: tuple[int, int]
    upright_wh: tuple[int, int]
    is_turned: bool

    @property
    def tells(self) -> bool:
        """Whether a recorded size can tell upright from stored."""
        return self.stored_wh != self.upright_wh


def shape_of(path: Path) -> Shape:
    """The shape of a JPEG or PNG from its header, of another picture, or where that is damaged, by reading it whole.

    The whole ones count as not turned. SourceError when it is no readable picture.
    """
    header = None
    with contextlib.suppress(OSError, ValueError, DamagedError, *PAST_END):
        header = _header(path)
    if header is None or min(header.size_wh) < 1:
        height, width = read_image(path).shape[:2]
        return Shape((width, height), (width, height), False)
    n_quarters = sum(turn in _QUARTERS for turn in header.turns)
    upright = header.size_wh[::-1] if n_quarters % 2 else header.size_wh
    return Shape(header.size_wh, (upright[0], upright[1]), bool(header.turns))


def _header(path: Path) -> Header | None:
    with path.open("rb") as file:
        start = file.read(_START)
        if start.startswith(b"\xff\xd8"):
            return jpeg(start + _END_OF_JPEG)
        if start.startswith(b"\x89PNG"):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return png(cast(bytes, data))
    return None
