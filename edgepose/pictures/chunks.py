"""PNG, WebP and GIF: formats made of chunks, each with its length before it."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from

from edgepose.pictures.tiff import exif_turns
from edgepose.pictures.words import CutOffError, DamagedError, Header, Turn

_MAX_CHUNKS = 1_000_000
_MOVING = (b"acTL", b"fcTL", b"fdAT")


def png(data: bytes) -> Header:
    """Header of a PNG whose last chunk is there; n_pictures of an animated one."""
    at, n_pictures, size_wh = 8, 1, (0, 0)
    turns: tuple[Turn, ...] = ()
    for _ in range(_MAX_CHUNKS):
        length, name = unpack_from(">I4s", data, at)
        body, at = at + 8, at + 12 + length
        if at > len(data):
            raise CutOffError
        if name == b"IHDR":
            size_wh = unpack_from(">II", data, body)
        elif name == b"acTL" and length >= 8:
            n_pictures = max(1, unpack_from(">I", data, body)[0])
        elif name == b"eXIf":
            turns = exif_turns(data[body : body + length])
        elif name == b"IEND":
            return Header("PNG", size_wh, n_pictures, turns)
    raise DamagedError(f"is a PNG with more than {_MAX_CHUNKS} chunks; convert it anew")


def still_png(data: bytes) -> bytes:
    """The same picture without what makes it move: OpenCV 5 ends the process on some damaged animations."""
    if _MOVING[0] not in data[: data.find(b"IDAT") + 1]:  # it is behind the picture's data, or nowhere
        return data
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        length, name = unpack_from(">I4s", data, at)
        if name not in _MOVING:
            parts.append(data[at : at + 12 + length])
        at += 12 + length
    return b"".join(parts)


def webp(data: bytes) -> Header:
    """Header of a WebP that is as long as it says; n_pictures of an animated one."""
    end = 8 + unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise CutOffError
    at, n_moving, size_wh = 12, 0, (0, 0)
    turns: tuple[Turn, ...] = ()
    for _ in range(_MAX_CHUNKS):
        if at + 8 > end:
            break
        name, length = unpack_from("<4sI", data, at)
        body, at = at + 8, at + 8 + length + length % 2
        if name == b"VP8X":
            size_wh = (_three(data, body + 4) + 1, _three(data, body + 7) + 1)
        elif name == b"VP8 " and size_wh == (0, 0):
            width, height = unpack_from("<HH", data, body + 6)
            size_wh = (width & 0x3FFF, height & 0x3FFF)
        elif name == b"VP8L" and size_wh == (0, 0):
            bits = unpack_from("<I", data, body + 1)[0]
            size_wh = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        elif name == b"ANMF":
            n_moving += 1
        elif name == b"EXIF":
            turns = exif_turns(data[body : body + length].removeprefix(b"Exif\0\0"))
    return Header("WebP", size_wh, max(1, n_moving), turns)


def gif(data: bytes) -> Header:
    """Header of a GIF whose blocks are all there; some writers leave the end mark out."""
    width, height, flags = unpack_from("<HHB", data, 6)
    n_pictures = sum(_blocks(data, 13 + _palette(flags)))
    if not n_pictures:
        raise DamagedError("is a GIF without a picture")
    return Header("GIF", (width, height), n_pictures)


def _blocks(data: bytes, at: int) -> Iterator[bool]:
    """Whether each block is a picture, up to the end mark; IndexError where the file ends within one."""
    while at < len(data) and data[at] != 0x3B:
        is_picture = data[at] == 0x2C
        if not is_picture and data[at] != 0x21:
            return
        at += 11 + _palette(data[at + 9]) if is_picture else 2
        while data[at]:
            at += 1 + data[at]
        at += 1
        yield is_picture


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _three(data: bytes, at: int) -> int:
    low, high = unpack_from("<HB", data, at)
    return int(low | high << 16)
