"""Readers turn a video file, network stream or device into pictures, one call per picture.

A reader is the blocking part of a source and knows one library; `file.py` and `live.py` decide when it is called.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from edgepose.errors import MissingDependencyError, SourceError
from edgepose.types import Image

_MODULES = {"av": "av", "opencv": "cv2"}

MAX_DAMAGED = 300
"""Packets in a row that may fail to decode before a stream counts as broken, or a file as one that cannot be decoded;
10 s of a 30 fps camera."""

__all__ = ["MAX_DAMAGED", "Reader", "Shot", "UndecodableError", "on_jetson", "video_libraries", "video_library"]


class UndecodableError(SourceError):
    """A video that was opened and of which no picture can be decoded. codec: its name, "" where it is not known."""

    def __init__(self, message: str, codec: str = "") -> None:
        super().__init__(message)
        self.codec = codec


class Shot(NamedTuple):
    """One picture as a library gave it: uint8 (H, W, 3) BGR and its presentation second, None where there is none."""

    image: Image
    pts_s: float | None


class Reader(Protocol):
    """An opened video. One thread calls `read` and `close`; opening is construction.

    period_s: nominal seconds between pictures, 0 when unknown. skipped: damaged pictures that were left out.
    """

    period_s: float
    skipped: int

    def read(self) -> Shot | None:
        """The next picture; None when none came for a moment and it is worth asking again.

        Raises EOFError at the end; SourceError, in one sentence, when the link or the data broke.
        """
        ...

    def close(self) -> None:
        """Let go; closing twice is fine."""
        ...


def on_jetson() -> bool:
    """Whether this is an NVIDIA board whose Python can reach GStreamer, and so the board's decoder."""
    return Path("/etc/nv_tegra_release").exists() and find_spec("gi") is not None


def video_libraries(wish: str, kind: Literal["file", "stream"]) -> tuple[str, ...]:
    """ "av" and "opencv", as far as they are wished and installed, the better one for this kind first.

    Files: OpenCV, which preprocessing has loaded anyway; PyAV beside it costs 10 to 16 MB and reads the same times.
    Streams: PyAV, which keeps deadlines and tells reasons. Raises MissingDependencyError when the wished one, or any,
    is absent.
    """
    order = ("opencv", "av") if kind == "file" else ("av", "opencv")
    found = tuple(library for library in order if wish in ("auto", library) and find_spec(_MODULES[library]))
    if found:
        return found
    wanted = " or ".join(_MODULES) if wish == "auto" else wish
    raise MissingDependencyError(
        f"reading this video needs {wanted}, which is not installed: pip install 'edgepose[av]' or 'edgepose[cv]'"
    )


def video_library(wish: str, kind: Literal["file", "stream"]) -> str:
    """The first of `video_libraries`."""
    return video_libraries(wish, kind)[0]
