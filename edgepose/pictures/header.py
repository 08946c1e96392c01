"""What a picture file says of itself before it is decoded: its kind, size, number of pictures, turn, and whether it is
all there. Nothing is trusted and no memory is taken: what claims too much is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack_from

from edgepose.pictures.chunks import gif, png, webp
from edgepose.pictures.heif import heif, heif_kind, jpeg2000
from edgepose.pictures.jpeg import jpeg
from edgepose.pictures.tiff import tiff
from edgepose.pictures.words import PAST_END, CutOffError, DamagedError, Header

MAX_PIXELS = 200_000_000
"""The largest picture that is read: what a 200-megapixel phone takes, 600 MB decoded."""

_EMPTY_PIXELS, _PIXELS_A_BYTE = 20_000_000, 2_000
"""Above the first, a file holds at least a byte for so many pixels: JPEG and PNG need one for about 500 even where all
is one colour, and what claims more takes memory and time for nothing.
"""

N_MAGIC_BYTES = 64
"""Bytes at the start of a file that tell its kind."""

_SPACE = rb"(?:\s|#[^\n]{0,200}\n)+"
_PNM = re.compile(rb"P([1-6])" + _SPACE + rb"(\d{1,9})" + _SPACE + rb"(\d{1,9})(?:" + _SPACE + rb"(\d{1,5}))?\s")
_BMP_RAW = (0, 3)


@dataclass(frozen=True, slots=True)
class _Reader:
    kind: str
    is_it: Callable[[bytes], bool]
    read: Callable[[bytes], Header] | None


def kind_of(start: bytes) -> str | None:
    """The kind of a file by its first bytes, as its users call it; None where it is no picture."""
    return next((reader.kind for reader in _READERS if reader.is_it(start)), None)


def header_of(data: bytes) -> Header:
    """The header of a whole file. Raises CutOffError and DamagedError, whose text goes on after the file's name."""
    reader = next((reader for reader in _READERS if reader.is_it(data[:N_MAGIC_BYTES])), None)
    if reader is None:
        raise DamagedError("is not a picture of a kind that is known here; convert it to JPEG or PNG")
    if reader.read is None:
        return Header(reader.kind)
    try:
        header = reader.read(data)
    except PAST_END:
        raise CutOffError from None
    width, height = header.size_wh
    if not (width and height):
        raise DamagedError(f"is a damaged {header.kind} picture: it says that it is {width} x {height} pixels large")
    if width * height > MAX_PIXELS:
        raise DamagedError(
            f"says that it is {width} x {height} pixels large, and at most {MAX_PIXELS // 10**6} million are read; "
            "scale it down"
        )
    if width * height > most_pixels(len(data)):
        raise DamagedError(
            f"says that it is {width} x {height} pixels large but has {len(data)} bytes, too few to show anything"
        )
    return header


def most_pixels(n_bytes: int) -> int:
    """How many pixels a file of this size may claim."""
    return min(MAX_PIXELS, max(_EMPTY_PIXELS, _PIXELS_A_BYTE * n_bytes))


def _bmp(data: bytes) -> Header:
    start, size = unpack_from("<II", data, 10)
    if size == 12:
        (width, height), bits, packing, n_bytes = unpack_from("<HH", data, 18), data[24], 0, 0
    else:
        width, height, _, bits, packing, n_bytes = unpack_from("<iiHHII", data, 18)
    if packing in _BMP_RAW:
        n_bytes = (abs(width) * bits + 31) // 32 * 4 * abs(height)
    if start + n_bytes > len(data):
        raise CutOffError
    return Header("BMP", (abs(width), abs(height)))


def _pnm(data: bytes) -> Header:
    found = _PNM.match(data[:4096])
    if found is None:
        raise DamagedError("is a damaged PNM picture: its size is missing")
    kind, width, height, most = (int(group or 0) for group in found.groups())
    row = {4: (width + 7) // 8, 5: width, 6: 3 * width}.get(kind, 0) * (2 if kind != 4 and most > 255 else 1)
    start = found.end() if kind != 4 else found.end(3) + 1
    if start + row * height > len(data):
        raise CutOffError
    return Header("PNM", (width, height))


def _raw(start: bytes) -> bool:
    return (
        start[8:10] == b"CR" or start.startswith((b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO")) or start[4:11] == b"ftypcrx"
    )


_READERS = (
    _Reader("JPEG", lambda start: start.startswith(b"\xff\xd8\xff"), jpeg),
    _Reader("PNG", lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), png),
    _Reader("camera's raw", _raw, None),
    _Reader("TIFF", lambda start: start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), tiff),
    _Reader("WebP", lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", webp),
    _Reader("GIF", lambda start: start[:6] in (b"GIF87a", b"GIF89a"), gif),
    _Reader("BMP", lambda start: start[:2] == b"BM" and start[15:18] == b"\0\0\0", _bmp),
    _Reader("AVIF", lambda start: heif_kind(start) == "AVIF", heif),
    _Reader("HEIC", lambda start: heif_kind(start) == "HEIC", heif),
    _Reader("JPEG 2000", lambda start: start.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")), jpeg2000),
    _Reader("JPEG XL", lambda start: start.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")), None),
    _Reader("PNM", lambda start: re.match(rb"P[1-6][\s#]", start) is not None, _pnm),
)
