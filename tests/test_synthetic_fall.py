"""Synthetic people through tracking and the fall rule: who is told to fall is found, who walks is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepose.events.fall import FallDetector
from edgepose.sources.camera_clock import CameraClock
from edgepose.sources.people import Scene, SceneOptions
from edgepose.tracking import Tracker

FPS = 15


def falls(
    options: SceneOptions, seconds: int = 15, clock: Callable[[float], float] = lambda t: t
) -> list[tuple[str, float]]:
    """Stages and their seconds. clock: the second that a picture is given, by its true one."""
    scene, tracker = Scene(options), Tracker()
    rule = FallDetector(size_wh=(options.width, options.height))
    events = []
    for number in range(seconds * FPS):
        poses, t = scene.poses(number / FPS), clock(number / FPS)
        events += [(event.stage, event.t) for event in rule.update(tracker.update(poses, t), t)]
    return events


@pytest.mark.parametrize("seed", range(3))
def test_a_synthetic_fall_is_confirmed_soon_after_it_happened(seed):
    stages = dict(falls(SceneOptions(people=2, size=0.8, seed=seed, fall_s=5)))
    assert 5 < stages["suspected"] < 6.5
    assert stages["confirmed"] < 9


@pytest.mark.parametrize("seed", range(3))
def test_walking_to_and_fro_is_no_fall(seed):
    assert falls(SceneOptions(people=2, size=0.8, seed=seed)) == []


CAMERA_CLOCKS = {
    "too slow": lambda t: 0.84 * t,
    "half": lambda t: 0.5 * t,
    "too fast": lambda t: 1.25 * t,
    "stands still": lambda t: 0.0,
    "jumps back": lambda t: t - 1.5 * (t // 2),
    "coarse": lambda t: float(int(t)),
}


@pytest.mark.parametrize("camera", CAMERA_CLOCKS)
def test_a_fall_is_confirmed_whatever_the_cameras_clock_does(camera):
    camera_clock = CameraClock()

    def captured_s(t: float) -> float:
        return camera_clock.capture_s(1000 + CAMERA_CLOCKS[camera](t), t)

    stages = dict(falls(SceneOptions(people=2, size=0.8, seed=0, fall_s=5), clock=captured_s))
    assert 4.7 < stages["suspected"] < 6.5
    assert stages["confirmed"] < 9
