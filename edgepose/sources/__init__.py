"""Sources give frames: files, cameras and streams behind one interface, chosen by URI. One file per kind."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Protocol

from edgepose.errors import ConfigError, SourceError
from edgepose.plugins import find
from edgepose.sources.options import SourceOptions
from edgepose.sources.uri import redact, scheme_of, shown, with_scheme
from edgepose.types import CameraState, Frame

__all__ = ["SOURCES", "Source", "SourceOptions", "open_source", "redact"]


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
    "rtsps": "edgepose.sources.rtsp:RtspSource",
    "http": "edgepose.sources.mjpeg:MjpegSource",
    "https": "edgepose.sources.mjpeg:MjpegSource",
    "v4l2": "edgepose.sources.v4l2:V4l2Source",
    "csi": "edgepose.sources.csi:CsiSource",
    "synthetic": "edgepose.sources.synthetic:open_synthetic",
}
"""Sources by URI scheme, as `module:attribute`; each is called with (uri, options)."""


def open_source(uri: str, options: SourceOptions | None = None, sources: Mapping[str, str] = SOURCES) -> Source:
    """The source behind an address: a path, or a URI of one of the schemes in `sources` or of an installed plugin.

    A number, or the path of a video device, is a V4L2 camera: 0 and /dev/video0 are v4l2:///dev/video0.

    Raises SourceError in one sentence when the scheme is none of those, or when the file or camera is not there.
    """
    uri = with_scheme(uri)
    scheme = scheme_of(uri)
    try:
        implementation = find("sources", scheme, sources)
    except ConfigError as unknown:
        near = get_close_matches(scheme, sources, 1)
        hint = f"; did you mean {near[0]}://?" if near else ""
        raise SourceError(f"{shown(uri)!r}: {scheme}:// is no source ({', '.join(sources)} are){hint}") from unknown
    source: Source = implementation(uri, options or SourceOptions())
    return source
