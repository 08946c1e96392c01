"""Generated people obey gravity: they stay on the floor, and go down deliberately slower than they fall."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.training.trajectories import DAILY, FALLS
from edgepose.training.trajectories.body import joints, place
from edgepose.training.trajectories.generate import _play

FPS = 30


def joints_m(script, seed: int):
    """(T, 18, 3) metres of a person 1.75 m tall."""
    steps = script(np.random.default_rng(seed))
    directions, _ = _play(steps, np.arange(0, sum(step.seconds for step in steps), 1 / FPS))
    return place(joints(directions, 1.75), directions[:, 11, 0], 1.75)


def descent_m_s(body) -> float:
    """Fastest descent of the neck over a fifth of a second."""
    height = body[:, 1, 2]
    n = FPS // 5
    return float((height[:-n] - height[n:]).max() * FPS / n)


@pytest.mark.parametrize("name", [*FALLS, *DAILY])
def test_nobody_sinks_into_the_floor(name):
    for seed in range(5):
        assert joints_m({**FALLS, **DAILY}[name], seed)[..., 2].min() > 0


@pytest.mark.parametrize("name", DAILY)
def test_nobody_goes_down_deliberately_as_fast_as_in_a_fall(name):
    assert max(descent_m_s(joints_m(DAILY[name], seed)) for seed in range(20)) < 1.8


@pytest.mark.parametrize("name", ["fall standing", "fall walking", "fall sitting down"])
def test_falls_are_fast(name):
    assert np.median([descent_m_s(joints_m(FALLS[name], seed)) for seed in range(20)]) > 2
