"""Matroska and WebM: elements within elements (RFC 8794, RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from edgepose.sources.container.header import MAX_PARTS, Header, Track, at
from edgepose.sources.display import Turn, turn_of_degrees

_MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT, _TRACKS, _CLUSTER = 0x18538067, 0x1654AE6B, 0x1F43B675
_ENTRY, _TYPE, _DEFAULT, _CODEC, _VIDEO = 0xAE, 0x83, 0x88, 0x86, 0xE0
_WIDTH, _HEIGHT, _PROJECTION, _YAW, _ROLL = 0xB0, 0xBA, 0x7670, 0x7673, 0x7675
_TOP = (0x114D9B74, 0x1549A966, _TRACKS, _CLUSTER, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367)
"""What a segment holds: any of them ends a cluster whose own size is not known."""

_VIDEO_TYPE = 1


class Element(NamedTuple):
    """id: with its marker bit. body, end: byte offsets of its content. open_ended: written without a size."""

    id: int
    body: int
    end: int
    open_ended: bool


def begins(beginning: bytes) -> bool:
    return beginning.startswith(_MAGIC)


def read_header(file: BinaryIO) -> Header:
    size = file.seek(0, 2)
    segment = next((part for part in _elements(file, 0, size) if part.id == _SEGMENT), None)
    if segment is None:
        return Header("Matroska", no_index=True)
    for part in _elements(file, segment.body, min(segment.end, size)):
        if part.id == _TRACKS:
            entries = [entry for entry in _elements(file, part.body, part.end) if entry.id == _ENTRY]
            tracks = [_track(file, entry) for entry in entries]
            return Header("Matroska", tuple(track for track in tracks if track is not None))
        if part.open_ended:
            break
    return Header("Matroska")


def missing_bytes(file: BinaryIO, size: int) -> int:
    """By the segment's size; in a recording whose segment has none, by the last element."""
    for part in _elements(file, 0, size):
        if part.id == _SEGMENT:
            return max(0, (_reach(file, part.body, size) if part.open_ended else part.end) - size)
    return 1


def _reach(file: BinaryIO, start: int, size: int) -> int:
    """Where the last element of a segment ends. Clusters without a size are entered, their blocks have one."""
    reach = 0
    for _ in range(MAX_PARTS):
        part = next(_elements(file, start, size), None)
        if part is None:
            break
        start = part.body if part.open_ended and part.id == _CLUSTER else part.end
        reach = max(reach, start)
    return reach


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """Elements from `start` on, up to the first that is none; one without a size reaches to `end`."""
    for _ in range(MAX_PARTS):
        if start >= end:
            return
        file.seek(start)
        data = file.read(12)
        id_bytes = _length(data[:1])
        size_bytes = _length(data[id_bytes : id_bytes + 1])
        if not 1 <= id_bytes <= 4 or not 1 <= size_bytes <= 8 or len(data) < id_bytes + size_bytes:
            return
        ones = (1 << 7 * size_bytes) - 1
        n_bytes = int.from_bytes(data[id_bytes : id_bytes + size_bytes], "big") & ones
        body = start + id_bytes + size_bytes
        open_ended = n_bytes == ones
        start = end if open_ended else body + n_bytes
        yield Element(int.from_bytes(data[:id_bytes], "big"), body, start, open_ended)


def _length(first: bytes) -> int:
    """Bytes of a number by the zero bits that it begins with; 9 for none at all, 0 behind the end."""
    return 9 - first[0].bit_length() if first else 0


def _track(file: BinaryIO, entry: Element) -> Track | None:
    """The picture track of an entry; None for sound and text."""
    values = {part.id: part for part in _elements(file, entry.body, entry.end)}
    if _VIDEO not in values or _number(file, values.get(_TYPE), 0) != _VIDEO_TYPE:
        return None
    video = {part.id: part for part in _elements(file, values[_VIDEO].body, values[_VIDEO].end)}
    size_wh = (_number(file, video.get(_WIDTH), 0), _number(file, video.get(_HEIGHT), 0))
    turn = Turn()
    if _PROJECTION in video:
        turn = _turn(file, video[_PROJECTION])
    default = bool(_number(file, values.get(_DEFAULT), 1))
    return Track(_text(file, values.get(_CODEC)), size_wh, default=default, turn=turn)


def _turn(file: BinaryIO, projection: Element) -> Turn:
    """A rectangular projection's roll turns the picture, counter-clockwise; a yaw of 180 degrees mirrors it."""
    parts = {part.id: part for part in _elements(file, projection.body, projection.end)}
    yaw, roll = _real(file, parts.get(_YAW)), _real(file, parts.get(_ROLL))
    mirrored = abs(abs(yaw) - 180) < 1
    turn = turn_of_degrees(roll if mirrored else -roll)
    return turn._replace(flip_x=not turn.flip_x) if mirrored else turn


def _number(file: BinaryIO, part: Element | None, otherwise: int) -> int:
    if part is None or not 0 <= part.end - part.body <= 8:
        return otherwise
    return int.from_bytes(at(file, part.body, part.end - part.body), "big")


def _real(file: BinaryIO, part: Element | None) -> float:
    n_bytes = part.end - part.body if part else 0
    if part is None or n_bytes not in (4, 8):
        return 0.0
    value = float(struct.unpack(">f" if n_bytes == 4 else ">d", at(file, part.body, n_bytes))[0])
    return value if abs(value) <= 360 else 0.0


def _text(file: BinaryIO, part: Element | None) -> str:
    return at(file, part.body, min(part.end - part.body, 64)).decode("latin-1") if part else ""
