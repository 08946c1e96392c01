"""Video files, network streams and V4L2 devices through OpenCV, where PyAV is not installed or not the right tool.

OpenCV tells no reasons, only that opening failed; `rtsp.py` asks the server itself for one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from edgepose.errors import SourceError
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Shot

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's own words would only double ours

_LOG_ERRORS = 2

RAW_USB_PIXELS = 640 * 480
"""Largest picture that USB 2 carries uncompressed at 30 per second."""


class CvReader:
    """One cv2.VideoCapture.

    location: path, address or device. label: how messages call it. api: cv2.CAP_FFMPEG or cv2.CAP_V4L2, never left
    to chance, since another one might read a name as a command. settings: CAP_PROP_* values given at opening.
    has_pts: False for devices, whose clock OpenCV does not pass on. Raises SourceError.
    """

    def __init__(
        self,
        location: str,
        label: str,
        *,
        api: int = cv2.CAP_FFMPEG,
        settings: Mapping[int, float] | None = None,
        has_pts: bool = True,
    ) -> None:
        self.skipped = 0
        self._label = label
        self._has_pts = has_pts
        words = [int(word) for pair in (settings or {}).items() for word in pair]
        with _errors_only():
            self._capture = cv2.VideoCapture(location, api, words)
        if not self._capture.isOpened():
            raise SourceError(f"cannot read {label}: OpenCV cannot open it; give a video or camera that it can decode")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.period_s = 1 / rate if 0 < rate < 1000 else 0.0

    @property
    def duration_s(self) -> float | None:
        """Length that the file's header claims, seconds; None where it claims none."""
        n_frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return n_frames * self.period_s if n_frames > 0 and self.period_s else None

    def read(self) -> Shot:
        try:
            ok, image = self._capture.read()
        except cv2.error as error:
            raise SourceError(f"{self._label} broke off: {error.err.lower()}") from None
        if not ok:
            raise EOFError
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        return Shot(
            np.asarray(image, np.uint8), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._has_pts else None
        )

    def close(self) -> None:
        self._capture.release()


@contextmanager
def _errors_only() -> Iterator[None]:
    """Keeps OpenCV from warning of what becomes a sentence of ours."""
    log: Any = getattr(cv2.utils, "logging", cv2)  # OpenCV 4.8 has the two calls at its top
    level = log.getLogLevel()
    log.setLogLevel(_LOG_ERRORS)
    try:
        yield
    finally:
        log.setLogLevel(level)


def open_file(path: str, label: str) -> CvReader:
    """A local video file. FFmpeg is asked for by name, so that a file name is never read as anything else."""
    return CvReader(path, label)


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
