"""The picture size that the beginning of a stream claims, for containers without a header of tracks.

A library would decode a first picture to learn it, which for one of 16,000 x 16,000 takes a gigabyte.
"""

from __future__ import annotations

import re

from edgepose.sources.container import tagged

BEGINNING = 256 * 1024
"""Bytes in which the first sequence header is looked for; a stream may begin between two of them."""

_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
_PROFILES = (66, 77, 88, *_HIGH_PROFILES)
_H264_SPS = re.compile(rb"\x00\x00\x01[\x27\x47\x67](.{16,400})", re.DOTALL)
_RAW_H264 = re.compile(rb"\x00?\x00\x00\x01[\x00-\x7f]")
_H264_LEVELS = range(9, 63)
_FLV_H264_HEADER = re.compile(rb"[\x17]\x00\x00\x00\x00\x01....[\xe1-\xff]..[\x27\x47\x67](.{16,400})", re.DOTALL)
_Y4M = re.compile(rb"YUV4MPEG2 [^\n]*?\bW(\d{1,9})\b[^\n]*?\bH(\d{1,9})\b")
_MAX_ZEROS = 31
"""Longest prefix of an Exp-Golomb number of 32 bits."""


def claimed_wh(beginning: bytes) -> tuple[int, int] | None:
    """Width and height by the header of IVF, GIF, YUV4MPEG or H.264 (plain, in FLV, in MPEG-TS); None elsewhere."""
    if tagged.begins_ivf(beginning) and len(beginning) >= 16:
        return int.from_bytes(beginning[12:14], "little"), int.from_bytes(beginning[14:16], "little")
    if beginning.startswith((b"GIF87a", b"GIF89a")):
        return int.from_bytes(beginning[6:8], "little"), int.from_bytes(beginning[8:10], "little")
    if (y4m := _Y4M.match(beginning[:256])) is not None:
        return int(y4m[1]), int(y4m[2])
    if tagged.begins_flv(beginning):
        found = _FLV_H264_HEADER.search(beginning)
    elif tagged.begins_ts(beginning):
        found = _H264_SPS.search(tagged.video_of_ts(beginning))
    elif _RAW_H264.match(beginning):
        found = _H264_SPS.search(beginning)
    else:
        return None
    return _h264_wh(found[1].replace(b"\0\0\3", b"\0\0")) if found else None


def _h264_wh(sps: bytes) -> tuple[int, int] | None:
    """Size by a sequence parameter set (ISO 14496-10, 7.3.2.1.1); None for what cannot be one."""
    profile, level = sps[0], sps[2]
    if profile not in _PROFILES or level not in _H264_LEVELS:
        return None
    bits = _Bits(sps[3:])
    try:
        bits.number()
        if profile in _HIGH_PROFILES:
            bits.skip_chroma()
        bits.number()
        order = bits.number()
        if order == 0:
            bits.number()
        elif order == 1:
            bits.take(1)
            for _ in range(2):
                bits.number()
            for _ in range(min(bits.number(), 255)):
                bits.number()
        bits.number()
        bits.take(1)
        width, height = 16 * (bits.number() + 1), 16 * (bits.number() + 1)
        return width, height * (2 - bits.take(1))
    except EOFError:
        return None


class _Bits:
    """Reads a bit string from its beginning. Raises EOFError behind its end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, n_bits: int) -> int:
        if n_bits > self._left:
            raise EOFError
        self._left -= n_bits
        return self._value >> self._left & (1 << n_bits) - 1

    def number(self) -> int:
        """An unsigned Exp-Golomb number (9.1); a signed one is as long."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _MAX_ZEROS:
                raise EOFError
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_chroma(self) -> None:
        """Chroma format, bit depths and scaling lists of the high profiles."""
        chroma = self.number()
        self.take(1 if chroma == 3 else 0)
        self.number()
        self.number()
        self.take(1)
        if self.take(1):
            for index in range(12 if chroma == 3 else 8):
                if self.take(1):
                    self._skip_scaling_list(16 if index < 6 else 64)

    def _skip_scaling_list(self, length: int) -> None:
        last = scale = 8
        for _ in range(length):
            if scale:
                code = self.number()
                scale = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
            last = scale or last
