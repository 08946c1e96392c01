"""AVI: chunks and lists of chunks (RIFF), several of them in a row beyond 1 GB (OpenDML)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from edgepose.sources.container.header import MAX_PARTS, Header, Track, at

_UNFINISHED = (0, 0xFFFFFFFF)
"""Sizes that a recorder writes before it knows them."""

_TOLERANCE = 8
"""Some writers count the eight bytes of the header in; no picture is lost by so little."""


_MAX_INDEX = 64 << 20
"""Bytes of an index that are read: more than a day of pictures and sound."""

_EMPTY = 16
"""Packets of at most so many bytes hold no picture: the last one stays, or it came packed with another."""


class Chunk(NamedTuple):
    """name: four letters, those of the list for RIFF and LIST. body, end: byte offsets of its content."""

    name: bytes
    body: int
    end: int


def begins(beginning: bytes) -> bool:
    return beginning[:4] == b"RIFF" and beginning[8:12] == b"AVI "


def read_header(file: BinaryIO) -> Header:
    size = file.seek(0, 2)
    hdrl = next((chunk for chunk in _chunks(file, 12, size) if chunk.name == b"hdrl"), None)
    if hdrl is None:
        return Header("AVI", no_index=True)
    streams = [chunk for chunk in _chunks(file, hdrl.body, hdrl.end) if chunk.name == b"strl"]
    tracks = [_track(file, stream) for stream in streams]
    return Header("AVI", tuple(track for track in tracks if track is not None))


def missing_bytes(file: BinaryIO, size: int) -> int:
    start, reach = 0, 0
    for _ in range(MAX_PARTS):
        if start + 12 > size or at(file, start, 4) != b"RIFF":
            break
        n_bytes = int.from_bytes(at(file, start + 4, 4), "little")
        if n_bytes in _UNFINISHED:
            return max(0, _movi_end(file, start, size) - size)
        start += 8 + n_bytes + n_bytes % 2
        reach = start - n_bytes % 2
    return reach - size if reach - size > _TOLERANCE else 0


def n_packets(file: BinaryIO) -> int:
    """Pictures by the index (idx1) of the first picture track; 0 where there is no index or more than one part."""
    size = file.seek(0, 2)
    if int.from_bytes(at(file, 4, 4), "little") + 8 + _TOLERANCE < size:
        return 0  # OpenDML: each part has an index of its own
    chunks = {chunk.name: chunk for chunk in _chunks(file, 12, size)}
    hdrl, idx1 = chunks.get(b"hdrl"), chunks.get(b"idx1")
    if hdrl is None or idx1 is None:
        return 0
    streams = [chunk for chunk in _chunks(file, hdrl.body, hdrl.end) if chunk.name == b"strl"]
    number = next((n for n, stream in enumerate(streams) if _track(file, stream)), None)
    if number is None:
        return 0
    n_entries = min(idx1.end - idx1.body, _MAX_INDEX) // 16
    entry = np.dtype([("name", "S4"), ("flags", "<u4"), ("offset", "<u4"), ("n_bytes", "<u4")])
    entries = np.frombuffer(at(file, idx1.body, n_entries * 16), entry)
    is_picture = np.isin(entries["name"], [b"%02ddc" % number, b"%02ddb" % number])
    return int((is_picture & (entries["n_bytes"] > _EMPTY)).sum())


def _movi_end(file: BinaryIO, riff: int, size: int) -> int:
    """Where the list of pictures ends, in a file whose own size was never filled in."""
    return max((chunk.end for chunk in _chunks(file, riff + 12, size) if chunk.name == b"movi"), default=0)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[Chunk]:
    for _ in range(MAX_PARTS):
        if start + 8 > end:
            return
        name, n_bytes = struct.unpack("<4sI", at(file, start, 8))
        is_list = name == b"LIST" and start + 12 <= end
        if is_list and n_bytes in _UNFINISHED:
            return
        stop = start + 8 + n_bytes
        yield Chunk(at(file, start + 8, 4), start + 12, stop) if is_list else Chunk(name, start + 8, stop)
        start = stop + n_bytes % 2


def _track(file: BinaryIO, stream: Chunk) -> Track | None:
    """The picture track of one stream's headers (BITMAPINFOHEADER); None for sound and text."""
    parts = {chunk.name: chunk for chunk in _chunks(file, stream.body, stream.end)}
    if b"strh" not in parts or b"strf" not in parts or at(file, parts[b"strh"].body, 4) != b"vids":
        return None
    width, height, code = struct.unpack("<4xii4x4s", at(file, parts[b"strf"].body, 20))
    return Track(code.decode("latin-1"), (abs(width), abs(height)))
