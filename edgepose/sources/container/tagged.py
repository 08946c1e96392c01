"""Containers that are a row of packets, FLV, MPEG-TS, IVF and ASF: whether the last packet is whole.

Their headers are left to the reading library. Sound files are known by their beginning: a cover is no video.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from edgepose.sources.container.header import MAX_PARTS, at

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEADER = 64 * 1024
_FLV_TAGS = (8, 9, 18)
_SYNC = 0x47
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Length of a transport stream's packet and where in it the sync byte lies: plain, Blu-ray, with error correction."""


def begins_flv(beginning: bytes) -> bool:
    return beginning.startswith(b"FLV\x01")


def begins_ivf(beginning: bytes) -> bool:
    return beginning.startswith(b"DKIF")


def begins_asf(beginning: bytes) -> bool:
    return beginning.startswith(_ASF)


def begins_ts(beginning: bytes) -> bool:
    return _ts_packet(beginning) is not None


def begins_sound(beginning: bytes) -> bool:
    """MP3 (with or without tags), FLAC, WAV and AIFF; Ogg only where its first stream is sound."""
    if beginning.startswith((b"ID3", b"fLaC", b"FORM", b"\xff\xfb", b"\xff\xf3", b"\xff\xfa")):
        return True
    if beginning.startswith(b"OggS"):
        return beginning[28:].startswith((b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex"))
    return beginning.startswith(b"RIFF") and beginning[8:12] == b"WAVE"


def missing_of_flv(file: BinaryIO, size: int) -> int:
    """Each tag is followed by its own length, so that the last one is found from the end; a cut file is walked."""
    if size >= 28:
        last = int.from_bytes(at(file, size - 4, 4), "big")
        if 11 <= last <= size - 13:
            tag = at(file, size - 4 - last, 4)
            if tag[0] in _FLV_TAGS and int.from_bytes(tag[1:], "big") == last - 11:
                return 0
    start = int.from_bytes(at(file, 5, 4), "big") + 4
    for _ in range(MAX_PARTS):
        if start + 4 > size:
            break
        tag = at(file, start, 4)
        if tag[0] not in _FLV_TAGS:
            return 0
        start += 11 + int.from_bytes(tag[1:], "big") + 4
    return start + (4 if start < size else 0) - size


def missing_of_ts(file: BinaryIO, size: int) -> int:
    """A part of a packet at the end, if it begins like one."""
    packet = _ts_packet(at(file, 0, min(size, 1024)))
    if packet is None:
        return 0
    length, sync = packet
    rest = size % length
    return length - rest if rest > sync and at(file, size - rest + sync, 1)[0] == _SYNC else 0


def missing_of_ivf(file: BinaryIO, size: int) -> int:
    start = int.from_bytes(at(file, 6, 2), "little")
    for _ in range(MAX_PARTS):
        if start + 12 > size:
            break
        start += 12 + int.from_bytes(at(file, start, 4), "little")
    return start + (12 if start < size else 0) - size


def missing_of_asf(file: BinaryIO, size: int) -> int:
    """By the file size in its properties, which a broadcast leaves open."""
    header = at(file, 0, min(size, _ASF_HEADER))
    place = header.find(_ASF_PROPERTIES)
    if place < 0:
        return 0
    claimed, flags = struct.unpack_from("<Q40xI", header, place + 40)
    return 0 if flags & 1 else int(claimed) - size


def video_of_ts(beginning: bytes) -> bytes:
    """The elementary streams of a transport stream one behind the other, without the packets' headers."""
    length, sync = _ts_packet(beginning) or _TS_PACKETS[0]
    streams: dict[int, bytearray] = {}
    for start in range(sync, len(beginning) - 187, length):
        packet = beginning[start : start + 188]
        payload = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)  # behind the adaptation field
        if packet[3] & 0x10:
            streams.setdefault(int.from_bytes(packet[1:3], "big") & 0x1FFF, bytearray()).extend(packet[payload:])
    return b"".join(streams.values())


def _ts_packet(beginning: bytes) -> tuple[int, int] | None:
    for length, sync in _TS_PACKETS:
        marks = beginning[sync::length][:4]
        if len(marks) >= 2 and all(mark == _SYNC for mark in marks):
            return length, sync
    return None
