"""What a video file's own structure says, read without a video library: tracks, sizes, and whether bytes are missing.

Opening asks for the header, to refuse what is too large and to see whether OpenCV, which always takes the first
picture track, would show the right one. The end asks for missing bytes: a length in seconds is no promise (edit
lists, longer sound, a long last picture), a size in bytes is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from edgepose.sources.container import avi, matroska, mp4, tagged
from edgepose.sources.container.claimed import BEGINNING, claimed_wh
from edgepose.sources.container.header import Header, Track

__all__ = ["Header", "Track", "codec_name", "missing_bytes", "n_packets", "read_header"]

_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], Header], Callable[[BinaryIO, int], int]], ...] = (
    (mp4.begins, mp4.read_header, mp4.missing_bytes),
    (avi.begins, avi.read_header, avi.missing_bytes),
    (matroska.begins, matroska.read_header, matroska.missing_bytes),
    (tagged.begins_flv, lambda _: Header("FLV"), tagged.missing_of_flv),
    (tagged.begins_ts, lambda _: Header("MPEG-TS"), tagged.missing_of_ts),
    (tagged.begins_ivf, lambda _: Header("IVF"), tagged.missing_of_ivf),
    (tagged.begins_asf, lambda _: Header("ASF"), tagged.missing_of_asf),
    (tagged.begins_sound, lambda _: Header("sound", tracks=()), lambda _, __: 0),
)
"""Per kind of container: whether a file begins like one, its header, and the bytes that are missing at its end."""

_BEGINNING = 1024

_CODECS = {
    "AV01": "AV1",
    "AVC1": "H.264",
    "AVC3": "H.264",
    "H264": "H.264",
    "MPEG4/ISO/AVC": "H.264",
    "HVC1": "HEVC",
    "HEV1": "HEVC",
    "MPEGH/ISO/HEVC": "HEVC",
    "VVC1": "VVC",
    "VP80": "VP8",
    "VP90": "VP9",
    "VP09": "VP9",
    "MP4V": "MPEG-4",
    "APCH": "ProRes",
    "APCN": "ProRes",
}


def read_header(path: Path) -> Header:
    """Kind and tracks of a video file, as far as its beginning can be understood; never raises for what it holds."""
    with path.open("rb") as file:
        header, beginning = Header(), file.read(_BEGINNING)
        for begins, read, _ in _READERS:
            if begins(beginning):
                with suppress(EOFError, ValueError, struct.error):
                    header = read(file)
                break
        if header.tracks is None and not header.no_index:
            file.seek(0)
            header = header._replace(claimed_wh=claimed_wh(file.read(BEGINNING)))
    return header


def missing_bytes(path: Path) -> int:
    """How many bytes a file lacks by its own account; 0 for a whole one and where the format keeps no account.

    A container that was cut inside its header or between two parts counts as lacking what can be known, at least 1.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
        for begins, _, missing in _READERS:
            if begins(beginning):
                try:
                    return max(0, missing(file, size))
                except (ValueError, struct.error):
                    return 0
                except EOFError:
                    return 1
    return 0


def n_packets(path: Path) -> int:
    """How many pictures an AVI's index lists; 0 where none is found, and for the other containers.

    The readers follow a damaged file from packet to packet and lose those whose beginning is damaged, without a word.
    """
    with path.open("rb") as file:
        if not avi.begins(file.read(_BEGINNING)):
            return 0
        try:
            return avi.n_packets(file)
        except (EOFError, ValueError, struct.error):
            return 0


def codec_name(code: str) -> str:
    """The name people know for a four-letter code or Matroska codec id; the code itself where there is none."""
    code = code.removeprefix("V_").strip("\0 ")
    return _CODECS.get(code.upper(), code)
