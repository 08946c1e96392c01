"""Annotated video: the picture of every result with its skeletons, one file per source.

PyAV writes fragmented MP4 with the frames' own times, playable up to its last fragment even after SIGKILL. Without PyAV
OpenCV writes it at a constant rate, playable once closed. A file that cannot be written to any more is given up with
what is in it, so that everything else goes on: the health says so, and `close` says how much is missing.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgepose.errors import ClosedError, PublishError
from edgepose.files import check_appendable, is_worn_out, open_to_append, reason
from edgepose.health import Reason, reason_now
from edgepose.names import slug
from edgepose.publish.options import VideoOptions
from edgepose.types import CameraState, FrameResult, Image

if TYPE_CHECKING:
    from edgepose.overlay import Labels

_TIME_BASE = Fraction(1, 90_000)

_ROOM_FRAMES = 25
"""Frames between two looks at the room that is left, where the library does not say that writing failed."""

_log = logging.getLogger(__name__)


class _Writer(Protocol):
    def write(self, image: Image, t: float) -> None: ...

    def close(self) -> None: ...


class VideoPublisher:
    """Draws and writes every result that carries its picture. Used by one thread; `close` may be called twice.

    n_lost: frames that could not be written. troubles: why, from then on.
    """

    def __init__(self, options: VideoOptions) -> None:
        self.path = _path(options)
        self.options = options
        self.n_lost = 0
        self.troubles: tuple[Reason, ...] = ()
        self._writers: dict[str, _Writer | None] = {}
        self._labels: Labels | None = None
        self._closed = self._lost = False
        try:
            check_appendable(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _make_private(self.path)
        except OSError as error:
            if not is_worn_out(error):
                raise _refused(self.path, error) from error
            self._tell(self.path, error, None)  # a service that is started again on a full disk watches on
            self._lost = True

    def open(self, card: Mapping[str, Any]) -> None:
        """Nothing to announce: files begin with their first frame."""

    def publish(self, result: FrameResult) -> None:
        """Append one frame, drawn; a result without a picture is passed over."""
        if self._closed:
            raise ClosedError(f"frames cannot be written to {str(self.path)!r} after it was closed")
        if result.image is None:
            return
        if self._lost or (result.source in self._writers and self._writers[result.source] is None):
            self.n_lost += 1
            return
        from edgepose.overlay import Labels, draw

        self._labels = self._labels or Labels()
        drawn = draw(result.image, result, labels=self._labels.update(result))
        try:
            self._write(result.source, drawn, result.t)
        except PublishError:  # nothing was ever written: an ending that no library knows
            raise
        except OSError as error:
            self.n_lost += 1
            self._give_up(result.source, error)

    def _write(self, source: str, drawn: Image, t: float) -> None:
        writer = self._writers.get(source)
        if writer is None:
            path = self._path_of(source)
            if self._writers:
                _make_private(path)
            if find_spec("av") is not None:
                writer = _AvWriter(path, drawn, self.options.crf)
            else:
                writer = _CvWriter(path, self.options.fallback_fps)
            self._writers[source] = writer
        writer.write(drawn, t)

    def _path_of(self, source: str) -> Path:
        """The first source has the path itself, every other one its name added."""
        if next(iter(self._writers), source) == source:
            return self.path
        return self.path.with_name(f"{self.path.stem}-{slug(source)}{self.path.suffix}")

    def _give_up(self, source: str, error: OSError) -> None:
        path, writer = self._path_of(source), self._writers.get(source)
        self._writers[source] = None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()
        self._tell(path, error, source)

    def _tell(self, path: Path, error: OSError, source: str | None) -> None:
        hint = f"no video is written to {str(path)!r} any more: {reason(error)}; make room or give another place"
        self.troubles = (*self.troubles, reason_now("video_failed", hint, source))
        _log.warning("%s", hint)

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not shown in the video."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not shown in the video."""

    def close(self) -> None:
        """Finish every file; twice is fine. PublishError when frames are missing from one."""
        if self._closed:
            return
        self._closed = True
        for source, writer in self._writers.items():
            if writer is None:
                continue
            try:
                writer.close()
            except OSError as error:
                self.n_lost += 1
                self._give_up(source, error)
        self._writers.clear()
        if self.troubles:
            raise PublishError(f"{self.n_lost} frames are missing: {self.troubles[0].hint}")


def check(options: VideoOptions) -> None:
    """Raise PublishError where the file of the first source could not be written. Nothing is made or changed."""
    path = _path(options)
    try:
        check_appendable(path)
    except OSError as error:
        raise _refused(path, error) from error


def _path(options: VideoOptions) -> Path:
    if not options.path:
        raise PublishError("the video publisher needs a path; set video.path or --save-video FILE")
    if not Path(options.path).suffix:
        raise PublishError(f"a video file needs an ending such as .mp4, got {options.path!r}")
    path = Path(options.path)
    if find_spec("av") is not None:
        _AvWriter.check_ending(path)
    return path


def _refused(path: Path, error: OSError) -> PublishError:
    return PublishError(f"cannot write video to {str(path)!r}: {reason(error)}")


def _make_private(path: Path) -> None:
    """An empty file that only this user may read; the library that writes it keeps its mode."""
    os.close(open_to_append(path, keep=False))


class _AvWriter:
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


class _CvWriter:
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
