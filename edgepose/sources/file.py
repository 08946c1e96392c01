"""A video file: every picture once, in order, with its presentation time. No frame is dropped and nothing waits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import video_library
from edgepose.sources.uri import camera_name, local_path
from edgepose.types import CameraState, Frame

if TYPE_CHECKING:
    from edgepose.sources.av_reader import AvReader
    from edgepose.sources.cv_reader import CvReader

MISSING_SHARE = 0.02
MISSING_S = 1.0
"""A file that ends more than this before the length its header claims was cut off; rounding stays below both."""

FALLBACK_FPS = 25.0
"""Rate of raw streams that carry neither times nor a rate."""


class FileSource:
    """Frames of one video file. `skipped` counts damaged pictures that were left out.

    Frame.t is the presentation second counted from the stream's start, so a recorded clip and a camera reason alike.
    Raises SourceError when the file is missing or no video, and at the point where a truncated one breaks off.
    """

    live = False
    dropped = 0

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        path = local_path(uri)
        self.name = camera_name(options.name, uri)
        self._path = path
        self._reader: AvReader | CvReader | None = open_video(path, options.reader)
        self._duration_s = self._reader.duration_s
        self._period_s = self._reader.period_s or 1 / FALLBACK_FPS
        self._seq = 0
        self._t = -self._period_s
        self._skipped = 0
        self._lock = threading.Lock()

    @property
    def state(self) -> CameraState:
        return "online" if self._reader is not None else "offline"

    @property
    def skipped(self) -> int:
        return self._skipped

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next frame; a file never makes its caller wait, so `timeout_s` has no use here."""
        with self._lock:
            if self._reader is None:
                raise ClosedError(f"video '{self._path}' was closed; open it again to read it")
            try:
                shot = self._reader.read()
            except EOFError:
                self._check_end()
                raise
            self._skipped = self._reader.skipped
            self._t = self._time_of(shot.pts_s)
            frame = Frame(shot.image, self._t, self._seq, self.name)
            self._seq += 1
            return frame

    def close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def _time_of(self, pts_s: float | None) -> float:
        """Presentation second; counted on by one period where the file has none or goes backwards."""
        return pts_s if pts_s is not None and pts_s > self._t else self._t + self._period_s

    def _check_end(self) -> None:
        if not self._seq:
            raise SourceError(f"video '{self._path}' holds no picture that can be decoded; give another one")
        missing_s = (self._duration_s or 0.0) - (self._t + self._period_s)
        if missing_s > max(MISSING_S, MISSING_SHARE * (self._duration_s or 0.0)):
            raise SourceError(
                f"video '{self._path}' is cut off: its header promises {self._duration_s:.1f} s and the pictures end "
                f"after {self._t + self._period_s:.1f} s ({self._seq} frames); copy or record it again"
            )


def open_video(path: Path, reader: str = "auto") -> AvReader | CvReader:
    """A reader for a local video file. Raises SourceError in one sentence when it is missing, empty or no video."""
    if not path.exists():
        raise SourceError(f"no file '{path}'; give a video file, a folder of pictures or a camera address")
    if not path.is_file():
        raise SourceError(f"'{path}' is not a regular file; cameras are opened by address, such as v4l2:///dev/video0")
    if path.stat().st_size == 0:
        raise SourceError(f"video '{path}' is empty (0 bytes); copy or record it again")
    if video_library("auto" if reader == "gstreamer" else reader, "file") == "av":
        from edgepose.sources import av_reader

        return av_reader.open_file(str(path.resolve()), f"video '{path}'")
    from edgepose.sources import cv_reader

    return cv_reader.open_file(str(path.resolve()), f"video '{path}'")
