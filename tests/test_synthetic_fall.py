"""Synthetic people through tracking and the fall rule: who is told to fall is found, who walks is not."""

from __future__ import annotations

import pytest

from edgepose.events.fall import FallDetector
from edgepose.sources.people import Scene, SceneOptions
from edgepose.tracking import Tracker

FPS = 15


def falls(options: SceneOptions, seconds: int = 15) -> list[tuple[str, float]]:
    scene, tracker = Scene(options), Tracker()
    rule = FallDetector(size_wh=(options.width, options.height))
    events = []
    for number in range(seconds * FPS):
        t = number / FPS
        events += [(event.stage, event.t) for event in rule.update(tracker.update(scene.poses(t), t), t)]
    return events


@pytest.mark.parametrize("seed", range(3))
def test_a_synthetic_fall_is_confirmed_soon_after_it_happened(seed):
    stages = dict(falls(SceneOptions(people=2, size=0.8, seed=seed, fall_s=5)))
    assert 5 < stages["suspected"] < 6.5
    assert stages["confirmed"] < 9


@pytest.mark.parametrize("seed", range(3))
def test_walking_to_and_fro_is_no_fall(seed):
    assert falls(SceneOptions(people=2, size=0.8, seed=seed)) == []
