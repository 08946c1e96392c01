"""JPEG: walked by segments, so that neither a thumbnail in its EXIF nor a film behind its end is taken for it."""

from __future__ import annotations

import re
from struct import unpack_from

from edgepose.pictures.tiff import exif_turns
from edgepose.pictures.words import CutOffError, DamagedError, Header, Turn

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Neither a stuffed byte, nor padding, nor a restart mark, which stand within a scan."""

_ALONE, _END, _SCAN, _EXIF = (0x01, 0xD8), 0xD9, 0xDA, 0xE1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MAX_SCANS = 200
"""Progressive pictures have about ten; each goes over all pixels, so thousands keep a decoder busy for hours."""


def jpeg(data: bytes) -> Header:
    """Header of a JPEG whose end mark is there. What follows the end mark (a film, zeros) is not looked at."""
    at, n_scans = 2, 0
    size_wh, turns = (0, 0), None
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise CutOffError
        marker, at = data[found.start() + 1], found.end()
        if marker == _END:
            return Header("JPEG", size_wh, turns=turns or ())
        if marker in _ALONE:
            continue
        (length,) = unpack_from(">H", data, at)
        if length < 2:
            raise DamagedError("is a damaged JPEG picture: a segment has no length")
        if marker in _FRAMES:
            height, width = unpack_from(">HH", data, at + 3)
            size_wh = max(size_wh, (width, height), key=lambda wh: wh[0] * wh[1])
        elif marker == _EXIF and turns is None:
            turns = _exif(data[at + 2 : at + length])
        elif marker == _SCAN:
            n_scans += 1
            if n_scans > _MAX_SCANS:
                raise DamagedError(
                    f"is a JPEG with more than {_MAX_SCANS} scans, which no camera writes; convert it anew"
                )
        at += length


def _exif(segment: bytes) -> tuple[Turn, ...] | None:
    return exif_turns(segment[6:]) if segment.startswith(b"Exif\0") else None
