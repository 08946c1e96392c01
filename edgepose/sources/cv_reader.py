"""Video files, network streams and V4L2 devices through OpenCV, where PyAV is not installed or not the right tool.

OpenCV tells no reasons, only that opening failed; `rtsp.py` asks the server itself for one. Of several picture tracks
it reads the first, and of a display matrix it knows the rotation; `opening.py` tells it the rest or asks PyAV.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from edgepose.errors import SourceError
from edgepose.sources.container import codec_name
from edgepose.sources.display import Turn, check_size, square_wh, turn_of_degrees, turned
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import MAX_DAMAGED, Shot
from edgepose.types import Image

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's own words would only double ours

_LOG_NOTHING = 0

MAX_READ_OVER = 20_000
"""Packets in a row that may be damaged in a file; asking again costs 50 microseconds each at its end."""

RAW_USB_PIXELS = 640 * 480
"""Largest picture that USB 2 carries uncompressed at 30 per second."""


class CvReader:
    """One cv2.VideoCapture; pictures come with square pixels and upright.

    location: path, address or device. label: how messages call it. api: cv2.CAP_FFMPEG or cv2.CAP_V4L2, never left
    to chance, since another one might read a name as a command. settings: CAP_PROP_* values given at opening.
    has_pts: False for devices, whose clock OpenCV does not pass on. is_file: damaged packets are read over to the end.
    turn: how pictures are shown, where the file's header says more than OpenCV knows. Raises SourceError.
    """

    def __init__(
        self,
        location: str,
        label: str,
        *,
        api: int = cv2.CAP_FFMPEG,
        settings: Mapping[int, float] | None = None,
        has_pts: bool = True,
        is_file: bool = False,
        turn: Turn | None = None,
    ) -> None:
        self.skipped = 0
        self.cut = False
        self._label = label
        self._has_pts = has_pts
        self._is_file = is_file
        self._n_read = 0
        words = [int(word) for pair in (settings or {}).items() for word in pair]
        with _silent():
            self._capture = cv2.VideoCapture(location, api, words)
        if not self._capture.isOpened():
            raise SourceError(f"cannot read {label}: OpenCV cannot open it; give a video or camera that it can decode")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.period_s = 1 / rate if 0 < rate < 1000 else 0.0
        letters = (int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little")
        self.codec = codec_name(letters.decode("latin-1")) if letters.isalnum() else ""
        self._pixel_aspect = 0.0
        self._turn = Turn()
        if api == cv2.CAP_FFMPEG:
            self._read_display(turn)

    def read(self) -> Shot:
        try:
            ok, image = self._capture.read()
            if not ok:
                image = self._read_over()
        except cv2.error as error:
            raise SourceError(f"{self._label} broke off: {error.err.lower()}") from None
        self._n_read += 1
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        pts_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._has_pts else None
        size = (image.shape[1], image.shape[0])
        square = square_wh(size, self._pixel_aspect)
        if square != size:
            image = cv2.resize(image, square)
        return Shot(turned(np.asarray(image, np.uint8), self._turn), pts_s)

    def close(self) -> None:
        self._capture.release()

    def _read_display(self, turn: Turn | None) -> None:
        """Pixel shape, size and turn; OpenCV's own turning, which takes a mirrored matrix for a rotation, goes off."""
        get = self._capture.get
        across, down = get(cv2.CAP_PROP_SAR_NUM), get(cv2.CAP_PROP_SAR_DEN)
        self._pixel_aspect = across / down if across > 0 and down > 0 else 0.0
        recorded = turn_of_degrees(get(cv2.CAP_PROP_ORIENTATION_META))
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        if get(cv2.CAP_PROP_ORIENTATION_AUTO) == 0:
            self._turn = turn or recorded
        elif recorded.transpose and self._pixel_aspect:
            self._pixel_aspect = 1 / self._pixel_aspect  # an OpenCV that turns all the same gives turned pixels
        width, height = (int(get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        try:
            check_size(self._label, square_wh((width, height), self._pixel_aspect))
        except SourceError:
            self.close()
            raise

    def _read_over(self) -> Image:
        """The next picture of a file behind damaged packets, which OpenCV answers just as it does the end.

        Asked again as often as packets may be left. Raises EOFError when nothing follows.
        """
        left = self._capture.get(cv2.CAP_PROP_FRAME_COUNT) - self._n_read - self.skipped
        tries = max(MAX_DAMAGED, min(left, MAX_READ_OVER)) if self._n_read else MAX_DAMAGED
        for failed in range(1, int(tries) + 1 if self._is_file else 0):
            ok, image = self._capture.read()
            if ok:
                self.skipped += failed
                return np.asarray(image, np.uint8)
        raise EOFError


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps OpenCV from printing what becomes a sentence of ours."""
    log: Any = getattr(cv2.utils, "logging", cv2)  # OpenCV 4.8 has the two calls at its top
    level = log.getLogLevel()
    log.setLogLevel(_LOG_NOTHING)
    try:
        yield
    finally:
        log.setLogLevel(level)


def open_file(path: str, label: str, turn: Turn | None = None) -> CvReader:
    """A local video file. FFmpeg is asked for by name, so that a file name is never read as anything else."""
    return CvReader(path, label, is_file=True, turn=turn)


def open_rtsp(uri: str, label: str, options: SourceOptions) -> CvReader:
    """A network stream, over TCP as OpenCV does by default.

    Raises SourceError when UDP is wished, since OpenCV takes that wish only for the whole process.
    """
    if options.transport == "udp":
        raise SourceError(f"cannot read {label}: OpenCV reads RTSP over tcp only; install PyAV or set transport to tcp")
    settings = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 1000 * options.open_timeout_s,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: 1000 * options.hang_s,
    }
    return CvReader(uri, label, settings=settings)


def open_v4l2(device: str, label: str, options: SourceOptions) -> CvReader:
    """A V4L2 camera, asked for compressed pictures where raw ones of that size would not fit USB 2."""
    wishes = {
        cv2.CAP_PROP_FRAME_WIDTH: options.width,
        cv2.CAP_PROP_FRAME_HEIGHT: options.height,
        cv2.CAP_PROP_FPS: options.fps,
    }
    if options.width * options.height > RAW_USB_PIXELS:
        wishes = {cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"), **wishes}
    settings = {setting: wish for setting, wish in wishes.items() if wish}
    return CvReader(device, label, api=cv2.CAP_V4L2, settings=settings, has_pts=False)
