"""EdgePose: cameras into people, and people into events, on a small board.

Importing this package costs numpy and nothing else; every other name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgepose.errors import EdgePoseError
from edgepose.skeleton import BODYPOSENET_18, COCO_17, TRT_POSE_18, Skeleton
from edgepose.types import Event, Fields, Frame, FrameResult, LookAgain, Pose, Track
from edgepose.version import __version__

if TYPE_CHECKING:
    from edgepose.config import Config
    from edgepose.convert import convert
    from edgepose.decode import group
    from edgepose.events.fall import FallDetector
    from edgepose.look.estimator import PoseEstimator
    from edgepose.model import ModelSpec
    from edgepose.overlay import draw
    from edgepose.pipeline import Analyser, Pipeline
    from edgepose.tracking import Tracker

_LAZY = {
    "Analyser": "edgepose.pipeline",
    "Config": "edgepose.config",
    "FallDetector": "edgepose.events.fall",
    "ModelSpec": "edgepose.model",
    "Pipeline": "edgepose.pipeline",
    "PoseEstimator": "edgepose.look.estimator",
    "Tracker": "edgepose.tracking",
    "convert": "edgepose.convert",
    "draw": "edgepose.overlay",
    "group": "edgepose.decode",
}

__all__ = [
    "BODYPOSENET_18",
    "COCO_17",
    "TRT_POSE_18",
    "Analyser",
    "Config",
    "EdgePoseError",
    "Event",
    "FallDetector",
    "Fields",
    "Frame",
    "FrameResult",
    "LookAgain",
    "ModelSpec",
    "Pipeline",
    "Pose",
    "PoseEstimator",
    "Skeleton",
    "Track",
    "Tracker",
    "__version__",
    "convert",
    "draw",
    "group",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        from difflib import get_close_matches  # only where a name is wrong

        near = [] if name.startswith("_") else get_close_matches(name, __all__, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module 'edgepose' has no attribute {name!r}{hint}", name=name)
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
