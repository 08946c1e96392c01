"""The words of the project: the values that flow from stage to stage. Immutable, and they decide nothing.

Frame -> Fields -> Pose -> Track -> Event, gathered per frame in FrameResult. Arrays are never written to after they
were put into a value. Pixel (0, 0) is the centre of the top-left pixel; x points right, y down.
"""

from __future__ import annotations

from typing import Literal

from edgepose.types.event import Event, LookAgain
from edgepose.types.person import Pose, Track
from edgepose.types.picture import Fields, FloatArray, Frame, Image
from edgepose.types.result import FrameResult

CameraState = Literal["online", "stalled", "reconnecting", "offline", "paused"]
"""What is known of a camera's link; `paused` is no state of a source, only told to publishers: nobody looks."""

__all__ = [
    "CameraState",
    "Event",
    "Fields",
    "FloatArray",
    "Frame",
    "FrameResult",
    "Image",
    "LookAgain",
    "Pose",
    "Track",
]
