"""TIFF files, and the EXIF of other formats, which is one: tags of the first directory."""

from __future__ import annotations

from struct import calcsize, unpack_from

from edgepose.pictures.words import PAST_END, CutOffError, DamagedError, Header, Turn

TURNS: dict[int, tuple[Turn, ...]] = {
    2: ("flip",), 3: ("half",), 4: ("upend",), 5: ("transpose",), 6: ("right",), 7: ("transpose", "half"), 8: ("left",)
}  # fmt: skip
"""What makes a picture upright, by the value of EXIF's orientation (CIPA DC-008, 4.6.4)."""

_REDUCED, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _SAMPLES, _STRIP_BYTES = 273, 274, 277, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _SAMPLE_FORMAT, _DNG = 322, 323, 324, 325, 339, 50706
_MOSAIC = 32803
_FORMATS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MAX_VALUES = 1 << 20
_MAX_PAGES = 10_000
_MAX_SAMPLES = 8
_MAX_TILE_PIXELS = 1 << 26

Tags = dict[int, tuple[int, ...]]


def tiff(data: bytes) -> Header:
    """Header of a TIFF, or BigTIFF."""
    tags, following = _directory(data, _first(data))
    if _DNG in tags or tags.get(_PHOTOMETRIC) == (_MOSAIC,) or tags.get(_REDUCED, (0,))[0] & 1:
        raise DamagedError("is a camera's raw picture, of which only a preview could be read; convert it to JPEG")
    if max(tags.get(_SAMPLE_FORMAT, (1,))) > 2:
        raise DamagedError("is a TIFF of numbers, not of colours (floating point); convert it to 8 bits a colour")
    tile = tags.get(_TILE_WIDTH, (0,))[0] * tags.get(_TILE_HEIGHT, (0,))[0]
    if tags.get(_SAMPLES, (1,))[0] > _MAX_SAMPLES or tile > _MAX_TILE_PIXELS or max(tags.get(_BITS, (1,))) > 32:
        raise DamagedError("is a TIFF with absurdly many colours, bits or pixels a tile; convert it to PNG")
    for offsets, counts in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        if any(a + n > len(data) for a, n in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)):
            raise CutOffError
    n_pictures, seen = 1, set[int]()
    while following and following not in seen and n_pictures < _MAX_PAGES:
        seen.add(following)
        try:
            following = _directory(data, following)[1]
        except PAST_END:
            break
        n_pictures += 1
    size_wh = (tags.get(_WIDTH, (0,))[0], tags.get(_HEIGHT, (0,))[0])
    return Header("TIFF", size_wh, n_pictures, exif_turns(data))


def exif_turns(data: bytes) -> tuple[Turn, ...]:
    """What makes the picture upright that this EXIF (a TIFF file of its own) belongs to; none where it is damaged."""
    try:
        tags, _ = _directory(data, _first(data))
    except (*PAST_END, DamagedError):
        return ()
    return TURNS.get(tags.get(_ORIENTATION, (1,))[0], ())


def _first(data: bytes) -> int:
    order = _order(data)
    return int(unpack_from(order + "Q", data, 8)[0] if _is_big(data) else unpack_from(order + "I", data, 4)[0])


def _order(data: bytes) -> str:
    if data[:2] not in (b"II", b"MM"):
        raise DamagedError("holds no TIFF")
    return "<" if data[:2] == b"II" else ">"


def _is_big(data: bytes) -> bool:
    return b"+" in data[2:4]


def _directory(data: bytes, at: int) -> tuple[Tags, int]:
    """The whole numbers of a directory by tag, and where the next one is. Raises struct.error behind the end."""
    order, big = _order(data), _is_big(data)
    count, entry, pointer = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    n_entries = unpack_from(order + count, data, at)[0]
    at += calcsize(order + count)
    size, place = calcsize(order + entry), calcsize(order + pointer)
    tags: Tags = {}
    for _ in range(min(n_entries, 4096)):
        tag, form, n = unpack_from(order + entry, data, at)
        letter = _FORMATS.get(form)
        if letter and 0 < n <= _MAX_VALUES:
            fits = n * calcsize(order + letter) <= place
            values = at + size if fits else unpack_from(order + pointer, data, at + size)[0]
            tags[tag] = unpack_from(f"{order}{n}{letter}", data, values)
        at += size + place
    return tags, int(unpack_from(order + pointer, data, at)[0])
