"""Annotated video: the picture of every result with its skeletons, one file per source.

PyAV writes fragmented MP4 with the frames' own times, playable up to its last fragment even after SIGKILL. Without PyAV
OpenCV writes it at a constant rate, playable once closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgepose.errors import ClosedError, PublishError
from edgepose.publish.names import slug
from edgepose.publish.options import VideoOptions
from edgepose.types import CameraState, FrameResult, Image

if TYPE_CHECKING:
    from edgepose.overlay import Labels

_TIME_BASE = Fraction(1, 90_000)


class _Writer(Protocol):
    def write(self, image: Image, t: float) -> None: ...

    def close(self) -> None: ...


class VideoPublisher:
    """Draws and writes every result that carries its picture. Used by one thread; `close` may be called twice."""

    def __init__(self, options: VideoOptions) -> None:
        if not options.path:
            raise PublishError("the video publisher needs a path; set video.path or --save-video FILE")
        self.options = options
        self.path = Path(options.path)
        if not self.path.suffix:
            raise PublishError(f"a video file needs an ending such as .mp4, got {options.path!r}")
        self._writers: dict[str, _Writer] = {}
        self._labels: Labels | None = None
        self._closed = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.open("wb").close()
        except OSError as error:
            raise PublishError(f"cannot write video to {options.path!r}: {error.strerror}") from error

    def open(self, card: Mapping[str, Any]) -> None:
        """Nothing to announce: files begin with their first frame."""

    def publish(self, result: FrameResult) -> None:
        """Append one frame, drawn; a result without a picture is passed over."""
        if self._closed:
            raise ClosedError(f"frames cannot be written to {str(self.path)!r} after it was closed")
        if result.image is None:
            return
        from edgepose.overlay import Labels, draw

        self._labels = self._labels or Labels()
        drawn = draw(result.image, result, labels=self._labels.update(result))
        writer = self._writers.get(result.source)
        if writer is None:
            writer = self._writers[result.source] = self._new_writer(result.source, drawn)
        writer.write(drawn, result.t)

    def _new_writer(self, source: str, image: Image) -> _Writer:
        path = self.path
        if self._writers:
            path = path.with_name(f"{path.stem}-{slug(source)}{path.suffix}")
        if find_spec("av") is not None:
            return _AvWriter(path, image, self.options.crf)
        return _CvWriter(path, self.options.fallback_fps)

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not shown in the video."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not shown in the video."""

    def close(self) -> None:
        """Finish every file; twice is fine."""
        self._closed = True
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


class _AvWriter:
    """H.264 through PyAV. Frames of another size than the first are scaled to it by the encoder's input."""

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
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


class _CvWriter:
    """MPEG-4 through OpenCV at a constant rate, the one between the first two frames."""

    def __init__(self, path: Path, fallback_fps: float) -> None:
        self._path = path
        self._fallback_fps = fallback_fps
        self._first: tuple[Image, float] | None = None
        self._writer: Any = None

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

        self._writer.write(image if image.shape[1::-1] == self._size_wh else cv2.resize(image, self._size_wh))

    def close(self) -> None:
        if self._writer is None and self._first is not None:
            self._start(self._fallback_fps)
        if self._writer is not None:
            self._writer.release()
