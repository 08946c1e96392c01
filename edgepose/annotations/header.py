"""Size and EXIF orientation of a picture, from its first bytes where it is a JPEG or PNG."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from edgepose.pictures import read_image

QUARTER_TURNS = (5, 6, 7, 8)
"""EXIF orientations under which width and height change places."""

_ORIENTATION = 0x0112
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG segments that begin a picture: SOF0 to SOF15, less tables."""
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Marks without a segment behind them."""
_SCAN = 0xDA


def stored_size(path: Path) -> tuple[tuple[int, int], int]:
    """((width, height) as stored, EXIF orientation 1 to 8) of a picture.

    Other formats, and files whose header says nothing, are read whole: then the size is that of the upright picture and
    the orientation 1. SourceError when it is no readable picture.
    """
    found = None
    try:
        with path.open("rb") as file:
            start = file.read(2)
            if start == b"\xff\xd8":
                found = _jpeg(file)
            elif start == b"\x89P":
                found = _png(file)
    except (OSError, struct.error):
        found = None
    if found is None or min(found[0]) < 1:
        height, width = read_image(path).shape[:2]
        return (width, height), 1
    return found


def _jpeg(file: BinaryIO) -> tuple[tuple[int, int], int] | None:
    orientation = 1
    while True:
        if file.read(1) != b"\xff":
            return None
        kind = file.read(1)
        while kind == b"\xff":
            kind = file.read(1)
        if not kind or kind[0] == _SCAN:
            return None
        if kind[0] in _BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if kind[0] in _SIZES:
            height, width = struct.unpack(">xHH", file.read(5))
            return (width, height), orientation
        if kind[0] == 0xE1 and orientation == 1:
            orientation = _exif(file.read(length - 2))
        else:
            file.seek(length - 2, 1)


def _exif(data: bytes) -> int:
    """The orientation that an APP1 segment records; 1 where it records none."""
    order = {b"II": "<", b"MM": ">"}.get(data[6:8])
    if not data.startswith(b"Exif\0") or order is None:
        return 1
    tiff = data[6:]
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (n,) = struct.unpack_from(order + "H", tiff, at)
        for k in range(n):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, at + 2 + 12 * k)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _png(file: BinaryIO) -> tuple[tuple[int, int], int] | None:
    """Size; None, as for what is no PNG, where EXIF is in it, which only newer decoders turn by."""
    if file.read(6) != b"NG\r\n\x1a\n":
        return None
    size = None
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"IHDR":
            size = struct.unpack(">II", file.read(8))
            file.seek(length - 4, 1)
        elif kind == b"IDAT":
            return None if size is None else ((size[0], size[1]), 1)
        elif kind == b"eXIf":
            return None
        else:
            file.seek(length + 4, 1)
