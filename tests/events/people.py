"""People in motion for tests of rules: a list of (poses, second), from figures that move from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from builders import lying, pose_of, sitting, standing
from numpy.typing import NDArray

from edgepose.events import Rule
from edgepose.types import Event, LookAgain, Pose, Track

SIZE = (640, 480)
UP = standing((300, 400))
SEATED = sitting((300, 400))
FLOOR = lying((200, 380))
GONE = np.full((18, 3), np.nan, np.float32)

Frames = list[tuple[list[Pose], float]]


def play(*scenes: tuple[NDArray[np.float32], float], fps: float = 20) -> Frames:
    """Frames of one person who goes from figure to figure: (figure, seconds to get there), the first one held."""
    frames: list[NDArray[np.float32]] = []
    before = scenes[0][0]
    for figure, seconds in scenes:
        n = max(1, round(seconds * fps))
        for i in range(n):
            share = (i + 1) / n
            frames.append(figure if figure is GONE or before is GONE else before + share * (figure - before))
        before = figure
    return [([] if np.isnan(points).all() else [pose_of(points)], i / fps) for i, points in enumerate(frames)]


def moved(figure: NDArray[np.float32], x: float, y: float = 0) -> NDArray[np.float32]:
    return figure + np.float32([x, y, 0])


def tell(rule: Rule, frames: Iterable[tuple[Sequence[Pose] | Sequence[Track], float]]) -> list[Event]:
    """Events of a rule over frames of poses, tracked by one id per place in the list, second looks left out."""
    told = []
    for poses, t in frames:
        tracks = tuple(Track(i + 1, pose, t) if isinstance(pose, Pose) else pose for i, pose in enumerate(poses))
        told += [found for found in rule.update(tracks, t) if isinstance(found, Event)]
    return told


def looks(rule: Rule, frames: Iterable[tuple[Sequence[Pose], float]]) -> list[LookAgain]:
    """Second looks that a rule asks for."""
    asked = []
    for poses, t in frames:
        tracks = tuple(Track(i + 1, pose, t) for i, pose in enumerate(poses))
        asked += [found for found in rule.update(tracks, t) if isinstance(found, LookAgain)]
    return asked


def stages(events: Iterable[Event]) -> list[str]:
    return [event.stage for event in events]
