"""Video files, network streams and V4L2 devices through OpenCV, where PyAV is not installed or not the right tool.

OpenCV tells no reasons, only that opening failed; `rtsp.py` asks the server itself for one.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from edgepose.errors import SourceError
from edgepose.sources.reader import Shot


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
        ok, image = self._capture.read()
        if not ok:
            raise EOFError
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        return Shot(
            np.asarray(image, np.uint8), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._has_pts else None
        )

    def close(self) -> None:
        self._capture.release()


def open_file(path: str, label: str) -> CvReader:
    """A local video file. FFmpeg is asked for by name, so that a file name is never read as anything else."""
    return CvReader(path, label)
