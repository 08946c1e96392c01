"""MP4, MOV and 3GP: boxes within boxes (ISO 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from edgepose.sources.container.header import MAX_PARTS, Header, Track, at
from edgepose.sources.display import turn_of_matrix

_FIRST = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")
_PADDING = (b"free", b"skip", b"wide", b"uuid")
_KEY_SIZE = 8


class Box(NamedTuple):
    """name: its four letters. body, end: byte offsets of its content; `end` may lie behind the end of a cut file."""

    name: bytes
    body: int
    end: int


def begins(beginning: bytes) -> bool:
    return beginning[4:8] in _FIRST


def read_header(file: BinaryIO) -> Header:
    size = file.seek(0, 2)
    moov = next((box for box in _boxes(file, 0, size) if box.name == b"moov"), None)
    if moov is None:
        return Header("MP4", no_index=True)
    movie: tuple[int, ...] = (65536, 0, 0, 65536)
    tracks: list[Track] = []
    ids: list[int] = []
    chapters: set[int] = set()
    for box in _boxes(file, moov.body, moov.end):
        if box.name == b"mvhd":
            movie = _matrix(file, box.body, 36)
        elif box.name == b"trak":
            parts = {part.name: part for part in _boxes(file, box.body, box.end)}
            if b"tref" in parts:
                chapters |= _chapter_ids(file, parts[b"tref"])
            track = _track(file, parts, movie)
            if track is not None:
                ids.append(_track_id(file, parts[b"tkhd"]))
                tracks.append(track)
        elif box.name == b"udta" and _find(file, box, b"meta", b"ilst", b"covr"):
            ids.append(-1)
            tracks.append(Track("", (0, 0), default=False, cover=True))
    return Header("MP4", tuple(t._replace(cover=t.cover or n in chapters) for t, n in zip(tracks, ids, strict=True)))


def missing_bytes(file: BinaryIO, size: int) -> int:
    """By the boxes, and by where the index says the last pictures lie."""
    reach, has_index, last = 0, False, b""
    for box in _boxes(file, 0, size):
        if box.name not in _PADDING:
            reach = max(reach, box.end)
        if box.name in (b"moov", b"moof"):
            has_index = True
        if box.name == b"moov" and box.end <= size:
            reach = max(reach, _last_chunk(file, box))
        last = box.name
    return max(reach - size, 0 if has_index and last != b"moof" else 1)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Boxes from `start` on, up to the first that is none. Only the last one may end behind `end`."""
    for _ in range(MAX_PARTS):
        if start + 8 > end:
            return
        n_bytes, name = struct.unpack(">I4s", at(file, start, 8))
        body = start + 8
        if n_bytes == 1:
            n_bytes, body = struct.unpack(">Q", at(file, body, 8))[0], body + 8
        elif n_bytes == 0:
            n_bytes = end - start
        if n_bytes < body - start or not all(32 <= letter < 127 or letter == 0xA9 for letter in name):
            return
        yield Box(name, body, start + n_bytes)
        start += n_bytes


def _find(file: BinaryIO, box: Box, *names: bytes) -> Box | None:
    """The box reached by going down by name; `meta` may begin with four bytes of version."""
    for name in names:
        found = next((part for part in _boxes(file, box.body, box.end) if part.name == name), None)
        if found is None:
            return None
        box = found
        if name == b"meta" and at(file, box.body, 8)[4:] != b"hdlr":
            box = box._replace(body=box.body + 4)
    return box


def _track(file: BinaryIO, parts: dict[bytes, Box], movie: tuple[int, ...]) -> Track | None:
    """The picture track of these boxes; None for sound, text and damaged ones."""
    tkhd, mdia = parts.get(b"tkhd"), parts.get(b"mdia")
    handler = mdia and _find(file, mdia, b"hdlr")
    stsd = mdia and _find(file, mdia, b"minf", b"stbl", b"stsd")
    if not tkhd or not handler or not stsd or at(file, handler.body + 8, 4) != b"vide":
        return None
    code, width, height = struct.unpack(">4s24xHH", at(file, stsd.body + 12, 32))
    a, b, c, d = _matrix(file, tkhd.body, 40)
    e, f, g, h = movie
    matrix = (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)  # the track's first, then the movie's
    enabled = bool(at(file, tkhd.body + 3, 1)[0] & 1)
    return Track(code.decode("latin-1"), (width, height), default=enabled, turn=turn_of_matrix(*matrix))


def _matrix(file: BinaryIO, body: int, offset: int) -> tuple[int, ...]:
    """a, b, c, d of a header's display matrix; `offset` is that of version 0, version 1 has 12 bytes more before."""
    offset += 12 if at(file, body, 1)[0] == 1 else 0
    return struct.unpack(">ii4xii", at(file, body + offset, 20))


def _track_id(file: BinaryIO, tkhd: Box) -> int:
    offset = 20 if at(file, tkhd.body, 1)[0] == 1 else 12
    return int.from_bytes(at(file, tkhd.body + offset, 4), "big")


def _chapter_ids(file: BinaryIO, tref: Box) -> set[int]:
    """Tracks that hold the thumbnails of another one's chapters."""
    chap = _find(file, tref, b"chap")
    if chap is None:
        return set()
    data = at(file, chap.body, min(chap.end - chap.body, 1024) // 4 * 4)
    return set(struct.unpack(f">{len(data) // 4}I", data))


def _last_chunk(file: BinaryIO, moov: Box) -> int:
    """One byte behind the beginning of the last chunk of any track: what the file must reach at least."""
    reach = 0
    for trak in _boxes(file, moov.body, moov.end):
        if trak.name != b"trak":
            continue
        for name, letter in ((b"stco", "I"), (b"co64", "Q")):
            table = _find(file, trak, b"mdia", b"minf", b"stbl", name)
            if table is not None:
                width = struct.calcsize(letter)
                claimed = int.from_bytes(at(file, table.body + 4, 4), "big")
                n = min(claimed, (table.end - table.body - _KEY_SIZE) // width)
                if n > 0:
                    offsets = struct.unpack(f">{n}{letter}", at(file, table.body + _KEY_SIZE, n * width))
                    reach = max(reach, max(offsets) + 1)
    return reach
