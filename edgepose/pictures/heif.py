"""Pictures in boxes (ISO base media): HEIC and AVIF, of which a part may be a picture too, and JPEG 2000."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from

from edgepose.pictures.words import CutOffError, DamagedError, Header, Turn

_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"heif")
_MAX_BOXES = 100_000
_TO_END, _LONG = 0, 1

Box = tuple[bytes, int, int]
"""Its name, and where its body begins and ends."""


def heif_kind(start: bytes) -> str | None:
    """ "AVIF", "HEIC" or None by the brands at a file's start."""
    if start[4:8] != b"ftyp":
        return None
    brands = [
        start[8:12],
        *(start[at : at + 4] for at in range(16, min(len(start), int.from_bytes(start[:4], "big")), 4)),
    ]
    if brands[0] not in _AVIF + _HEIC:
        return None
    return "AVIF" if any(brand in _AVIF for brand in brands) else "HEIC"


def heif(data: bytes) -> Header:
    """Header of the primary picture, all tiles together; n_pictures where a sequence is there."""
    kind = heif_kind(data[:64]) or "HEIC"
    top = list(_boxes(data, 0, len(data)))
    n_pictures = max([1, *_samples(data, top)])
    meta = next((box for box in top if box[0] == b"meta"), None)
    if meta is None:
        raise DamagedError(f"is a {kind} file without a picture; convert it to JPEG")
    inside = {name: (at, end) for name, at, end in _boxes(data, meta[1] + 4, meta[2])}
    size_wh, turns, cropped = (0, 0), list[Turn](), False
    for name, at, _ in _of_primary(data, inside):
        if name == b"ispe":
            size_wh = unpack_from(">II", data, at + 4)
        elif name == b"irot":
            turns += (("left",), ("half",), ("right",))[(data[at] & 3) - 1] if data[at] & 3 else ()
        elif name == b"imir":
            turns.append("flip" if data[at] & 1 else "upend")
        elif name == b"clap":
            cropped = True
    return Header(kind, size_wh, n_pictures, tuple(turns), cropped)


def jpeg2000(data: bytes) -> Header:
    """Header of a JPEG 2000 (JP2 or bare codestream) whose end mark is there."""
    at = 0
    if data[:2] != b"\xff\x4f":
        at = next((at for name, at, _ in _boxes(data, 0, len(data)) if name == b"jp2c"), -1)
        if at < 0:
            raise DamagedError("is a JPEG 2000 file without a picture; convert it to JPEG")
    if data[at : at + 4] != b"\xff\x4f\xff\x51":
        raise DamagedError("is a damaged JPEG 2000 picture: its size is missing")
    right, bottom, left, top = unpack_from(">IIII", data, at + 8)
    at += 2
    for _ in range(_MAX_BOXES):  # segments, then tile-parts, then the end mark
        marker, length = unpack_from(">HH", data, at) if data[at : at + 2] != b"\xff\xd9" else (0xFFD9, 0)
        if marker == 0xFFD9:
            break
        if marker == 0xFF90:
            (length,) = unpack_from(">I", data, at + 6)
            if not length and data.rfind(b"\xff\xd9", at) < 0:
                raise CutOffError
            if not length:
                break
            at += length
        else:
            at += 2 + length
        if at >= len(data):
            raise CutOffError
    return Header("JPEG 2000", (max(0, right - left), max(0, bottom - top)))


def _boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """The boxes of a stretch. Raises CutOffError where one is longer than the stretch."""
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, name = unpack_from(">I4s", data, at)
        body = at + 8
        if size == _LONG:
            (size,), body = unpack_from(">Q", data, body), body + 8
        stop = end if size == _TO_END else at + size
        if stop > end or stop < body:
            raise CutOffError
        yield name, body, stop
        at = stop


def _of_primary(data: bytes, meta: dict[bytes, tuple[int, int]]) -> list[Box]:
    """Properties of the primary item, in the order in which they are applied."""
    if not {b"pitm", b"iprp"} <= meta.keys():
        return []
    at = meta[b"pitm"][0]
    primary = unpack_from(">I" if data[at] else ">H", data, at + 4)[0]
    inside = {name: (at, end) for name, at, end in _boxes(data, *meta[b"iprp"])}
    if not {b"ipco", b"ipma"} <= inside.keys():
        return []
    properties = list(_boxes(data, *inside[b"ipco"]))
    at = inside[b"ipma"][0]
    version, wide = data[at], data[at + 3] & 1
    (n_items,) = unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(min(n_items, _MAX_BOXES)):
        item = unpack_from(">I" if version else ">H", data, at)[0]
        at += 4 if version else 2
        n, at = data[at], at + 1
        indices = unpack_from(f">{n}{'H' if wide else 'B'}", data, at)
        at += n * (2 if wide else 1)
        if item == primary:
            wanted = [index & (0x7FFF if wide else 0x7F) for index in indices]
            return [properties[index - 1] for index in wanted if 0 < index <= len(properties)]
    return []


def _samples(data: bytes, boxes: list[Box]) -> Iterator[int]:
    """How many pictures each track of a sequence holds."""
    for name, at, end in boxes:
        if name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            yield from _samples(data, list(_boxes(data, at, end)))
        elif name == b"stsz":
            yield unpack_from(">I", data, at + 8)[0]
