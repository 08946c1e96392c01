"""A video file: every picture once, in order, with its presentation time. No frame is dropped and nothing waits."""

from __future__ import annotations

import threading

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.container import missing_bytes, n_packets
from edgepose.sources.opening import open_video
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Reader, Shot
from edgepose.sources.uri import camera_name, local_path
from edgepose.types import CameraState, Frame

MAX_JUMP_S = 86_400.0
"""A time stamp this far ahead of the last one is damaged."""

FALLBACK_FPS = 25.0
"""Rate of raw streams that carry neither times nor a rate."""


class FileSource:
    """Frames of one video file. `skipped` counts damaged pictures that were left out.

    Frame.t is the presentation second counted from the first picture, so a recorded clip and a camera reason alike.
    Raises SourceError when the file is missing or no video, and, after its last picture, when bytes of it are missing.
    """

    live = False
    dropped = 0

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        path = local_path(uri)
        self.name = camera_name(options.name, uri)
        self._path = path
        opened = open_video(path, options.reader)
        self._reader: Reader | None = opened.reader
        self._first: Shot | None = opened.first
        self._period_s = opened.reader.period_s or 1 / FALLBACK_FPS
        self._start_s = 0.0 if opened.reader.skipped else opened.first.pts_s or 0.0
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
            shot = self._next(self._reader)
            self._t = self._time_of(shot.pts_s)
            frame = Frame(shot.image, self._t, self._seq, self.name)
            self._seq += 1
            return frame

    def close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = self._first = None

    def _next(self, reader: Reader) -> Shot:
        shot, self._first = self._first, None
        try:
            while shot is None:
                shot = reader.read()
        except (EOFError, SourceError) as end:
            self._skipped = reader.skipped
            missing = missing_bytes(self._path)
            if missing or getattr(reader, "cut", False):
                what = "bytes are missing at its end" if missing else "its last picture is not whole"
                raise SourceError(
                    f"video '{self._path}' is cut off: {what}, and its pictures end after "
                    f"{self._t + self._period_s:.1f} s ({self._seq} frames); copy or record it again"
                ) from None
            if isinstance(end, EOFError):
                self._skipped = max(reader.skipped, n_packets(self._path) - self._seq)
            raise end
        self._skipped = reader.skipped
        return shot

    def _time_of(self, pts_s: float | None) -> float:
        """Presentation second; counted on by one period where the file has none, goes backwards or leaps a day."""
        t = self._t if pts_s is None else pts_s - self._start_s
        return t if self._t < t < self._t + MAX_JUMP_S else self._t + self._period_s
