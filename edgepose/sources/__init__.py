"""Sources give frames: files, cameras and streams behind one interface, chosen by URI. One file per kind."""

from __future__ import annotations

from typing import Protocol

from edgepose.types import CameraState, Frame

__all__ = ["SOURCES", "Source"]


class Source(Protocol):
    """Where frames come from. One thread calls `read`; any thread may call `close`.

    name: the camera's name in results and topics. live: True for a camera or stream (newest frame wins), False for a
    file (no frame is lost). state: what is known of the link. dropped: frames let go so far by the source itself.
    """

    name: str
    live: bool

    @property
    def state(self) -> CameraState: ...

    @property
    def dropped(self) -> int: ...

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next (file) or newest (live) frame; None when none came in time. Raises EOFError at a file's end.

        A lost camera is a state, not an exception: a live source keeps reconnecting and returns None meanwhile.
        """
        ...

    def close(self) -> None:
        """Let the camera or file go; closing twice is fine."""
        ...


SOURCES: dict[str, str] = {
    "file": "edgepose.sources.file:FileSource",
    "images": "edgepose.sources.images:ImageFolderSource",
    "rtsp": "edgepose.sources.rtsp:RtspSource",
    "v4l2": "edgepose.sources.v4l2:V4l2Source",
    "csi": "edgepose.sources.csi:CsiSource",
    "synthetic": "edgepose.sources.synthetic:SyntheticSource",
}
"""Sources by URI scheme, as `module:attribute`; each is called with (uri, options)."""
