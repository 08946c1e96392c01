"""Video files that are written picture by picture: H.264 through PyAV, or OpenCV at a constant rate without it.

PyAV writes fragmented MP4 with the pictures' own times, playable up to its last fragment even after SIGKILL; OpenCV's
is playable once closed. Both raise OSError where the file cannot be written to any more.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from edgepose.errors import PublishError
from edgepose.types import Image

CRF = 23
"""x264's constant rate factor where none is asked for: its own default."""

FALLBACK_FPS = 30.0
"""Pictures per second of a file of one picture, where OpenCV writes it."""

_TIME_BASE = Fraction(1, 90_000)

_ROOM_FRAMES = 25
"""Frames between two looks at the room that is left, where the library does not say that writing failed."""


class VideoFile(Protocol):
    """A video being written. write: one uint8 (H, W, 3) BGR picture shown from second `t` on."""

    def write(self, image: Image, t: float) -> None: ...

    def close(self) -> None: ...


def create_video(path: Path, image: Image, *, crf: int = CRF, fallback_fps: float = FALLBACK_FPS) -> VideoFile:
    """An empty video of the first picture's size, which is not written yet; PublishError where there cannot be one."""
    return _AvFile(path, image, crf) if find_spec("av") is not None else _CvFile(path, fallback_fps)


def check_ending(path: Path) -> None:
    """Raise PublishError where the name ends in no format that can be written."""
    if not path.suffix:
        raise PublishError(f"a video file needs an ending such as .mp4, got '{path}'")
    if find_spec("av") is not None:
        _AvFile.check_ending(path)


class _AvFile:
    """H.264 through PyAV. Frames of another size than the first are scaled to it by the encoder's input."""

    @staticmethod
    def check_ending(path: Path) -> None:
        """Raise PublishError where FFmpeg knows no format of this ending that holds H.264."""
        import av

        memory = io.BytesIO()
        memory.name = path.name  # what FFmpeg chooses the format by
        try:
            with av.open(memory, "w") as container:
                container.add_stream("libx264", rate=30)
        except (OSError, ValueError) as error:
            raise PublishError(f"cannot write video to {str(path)!r}: {error}; use an ending such as .mp4") from error

    def __init__(self, path: Path, image: Image, crf: int) -> None:
        import av

        self._av = av
        height, width = image.shape[:2]
        try:
            flags = {"flush_packets": "1"}
            if path.suffix == ".mp4":
                flags["movflags"] = "frag_keyframe+empty_moov+default_base_moof"
            self._container = av.open(str(path), "w", options=flags)
            self._stream = self._container.add_stream("libx264", rate=30)
        except (OSError, ValueError) as error:
            raise PublishError(f"cannot write video to {str(path)!r}: {error}; use an ending such as .mp4") from error
        self._stream.width, self._stream.height = width - width % 2, height - height % 2  # 4:2:0 needs even sizes
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TIME_BASE
        self._stream.options = {"crf": str(crf), "preset": "ultrafast", "tune": "zerolatency", "g": "50"}
        self._start_t: float | None = None
        self._last_pts = -1

    def write(self, image: Image, t: float) -> None:
        if self._start_t is None:
            self._start_t = t
        pts = round((t - self._start_t) / _TIME_BASE)
        self._last_pts = pts = max(pts, self._last_pts + 1)  # time must grow in a file, whatever the clock does
        frame = self._av.VideoFrame.from_ndarray(image, format="bgr24")
        frame = frame.reformat(self._stream.width, self._stream.height, "yuv420p")
        frame.pts, frame.time_base = pts, _TIME_BASE
        with self._reported():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        with self._reported():
            try:
                self._container.mux(self._stream.encode(None))
            finally:
                self._container.close()

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """Not every error of FFmpeg is an OSError."""
        try:
            yield
        except self._av.error.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error


class _CvFile:
    """MPEG-4 through OpenCV at a constant rate, the one between the first two frames."""

    def __init__(self, path: Path, fallback_fps: float) -> None:
        self._path = path
        self._fallback_fps = fallback_fps
        self._first: tuple[Image, float] | None = None
        self._writer: Any = None
        self._n_frames = 0

    def write(self, image: Image, t: float) -> None:
        if self._writer is None:
            if self._first is None:
                self._first = image, t
                return
            elapsed = t - self._first[1]
            self._start(1 / elapsed if elapsed > 0 else self._fallback_fps)
        self._put(image)

    def _start(self, fps: float) -> None:
        import cv2

        assert self._first is not None
        image = self._first[0]
        self._size_wh = image.shape[1], image.shape[0]
        code = cv2.VideoWriter.fourcc(*("mp4v" if self._path.suffix == ".mp4" else "MJPG"))
        self._writer = cv2.VideoWriter(str(self._path), code, min(fps, 120.0), self._size_wh)
        if not self._writer.isOpened():
            raise PublishError(f"OpenCV cannot write {str(self._path)!r}; use an ending such as .mp4 or .avi")
        self._put(image)

    def _put(self, image: Image) -> None:
        import cv2

        if self._n_frames % _ROOM_FRAMES == 0 and not shutil.disk_usage(self._path.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._n_frames += 1
        self._writer.write(image if image.shape[1::-1] == self._size_wh else cv2.resize(image, self._size_wh))

    def close(self) -> None:
        if self._writer is None and self._first is not None:
            self._start(self._fallback_fps)
        if self._writer is not None:
            self._writer.release()
