"""People generated over time, for tests, benchmarks and the temporal head: numpy only, no pictures needed."""

from edgepose.training.trajectories.generate import Camera, Trajectory, generate, random_camera
from edgepose.training.trajectories.scripts import (
    ACTIVITIES,
    DAILY,
    FALLS,
    GESTURES,
    QUIET_ACTIVITIES,
    QUIET_GESTURES,
)

__all__ = [
    "ACTIVITIES",
    "DAILY",
    "FALLS",
    "GESTURES",
    "QUIET_ACTIVITIES",
    "QUIET_GESTURES",
    "Camera",
    "Trajectory",
    "generate",
    "random_camera",
]
