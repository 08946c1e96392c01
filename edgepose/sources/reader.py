"""Readers turn a video file, network stream or device into pictures, one call per picture.

A reader is the blocking part of a source and knows one library; `file.py` and `live.py` decide when it is called.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from edgepose.errors import MissingDependencyError
from edgepose.types import Image

_MODULES = {"av": "av", "opencv": "cv2"}

__all__ = ["Reader", "Shot", "on_jetson", "video_library"]


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


def video_library(wish: str, kind: Literal["file", "stream"]) -> str:
    """ "av" or "opencv": the wished library, or for "auto" the better one of those installed for this kind.

    Files: OpenCV, which preprocessing has loaded anyway; PyAV beside it costs 10 to 16 MB and reads the same times.
    Streams: PyAV, which keeps deadlines and tells reasons. Raises MissingDependencyError when the wished one, or any,
    is absent.
    """
    order = ("opencv", "av") if kind == "file" else ("av", "opencv")
    for library in order:
        if wish in ("auto", library) and find_spec(_MODULES[library]):
            return library
    wanted = " or ".join(_MODULES) if wish == "auto" else wish
    raise MissingDependencyError(
        f"reading this video needs {wanted}, which is not installed: pip install 'edgepose[av]' or 'edgepose[cv]'"
    )
