"""A window with the annotated picture of every source, for a desk with a display."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgepose.errors import MissingDependencyError, PublishError
from edgepose.publish.options import ShowOptions
from edgepose.types import CameraState, FrameResult

if TYPE_CHECKING:
    from edgepose.overlay import Labels


class WindowPublisher:
    """Shows every result that carries its picture. Used by one thread; `close` may be called twice."""

    def __init__(self, options: ShowOptions) -> None:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise PublishError(
                "--show needs a display, but neither DISPLAY nor WAYLAND_DISPLAY is set; "
                "run it from a desktop session or write a video with --save-video FILE"
            )
        try:
            import cv2
        except ImportError as error:
            raise MissingDependencyError("--show needs OpenCV; install opencv-python") from error
        if re.search(r"GUI:\s+NONE", cv2.getBuildInformation()):
            raise MissingDependencyError(
                "--show needs OpenCV with windows, but opencv-python-headless is installed; "
                "install opencv-python in its place or write a video with --save-video FILE"
            )
        self._cv2 = cv2
        self._labels: Labels | None = None
        self._windows: set[str] = set()

    def open(self, card: Mapping[str, Any]) -> None:
        """Nothing to announce: windows open with their first frame."""

    def publish(self, result: FrameResult) -> None:
        """Draw and show one frame; windows are named after their source."""
        if result.image is None:
            return
        from edgepose.overlay import Labels, draw

        self._labels = self._labels or Labels()
        title = f"EdgePose {result.source}"
        try:
            self._cv2.imshow(title, draw(result.image, result, labels=self._labels.update(result)))
            self._cv2.waitKey(1)
        except self._cv2.error as error:
            raise PublishError(f"the window could not be drawn ({error.err}); is the display still there?") from error
        self._windows.add(title)

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not shown: the window keeps the last picture."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not shown."""

    def close(self) -> None:
        """Close the windows; twice is fine."""
        for title in self._windows:
            self._cv2.destroyWindow(title)
        self._windows.clear()
