"""A frame rate too low for falls is one trouble that begins and ends, however uneven the frames come."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgepose.events.rate import FrameRate


def times(*parts: tuple[float, float], jitter: float = 0.1, seed: int = 0) -> list[float]:
    """Seconds of frames that come at a rate for a while, part by part, as (frames per second, seconds)."""
    rng = np.random.default_rng(seed)
    found = [0.0]
    for fps, seconds in parts:
        end = found[-1] + seconds
        while found[-1] < end:
            found.append(found[-1] + max(0.001, rng.normal(1, jitter)) / fps)
    return found


def spells(moments: list[float], min_fps: float = 2.5) -> list[bool]:
    """Whether the rate is poor, each time that changes, from well on."""
    rate = FrameRate(min_fps)
    poor = [False]
    for t in moments:
        rate.update(t)
        assert bool(rate.troubles) == rate.poor
        poor.append(rate.poor)
    return [one for one, _ in itertools.groupby(poor)][1:]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("fps", "expected"),
    [(0.3, [True]), (1.0, [True]), (2.0, [True]), (2.5, []), (2.7, []), (5.0, []), (18.0, [])],
)
def test_a_steady_rate_is_said_once_or_never(fps, expected, seed):
    assert spells(times((fps, 600), seed=seed)) == expected


@pytest.mark.parametrize("gap_s", [0.5, 1, 3, 9, 11, 60, 3600])
def test_one_pause_is_no_frame_rate(gap_s):
    before, after = times((18, 25)), times((18, 25))
    assert spells(before + [before[-1] + gap_s + t for t in after]) == []


def test_it_begins_and_ends():
    assert spells(times((15, 60), (1, 60), (15, 60), (1, 60), (15, 60))) == [True, False, True, False]


def test_frames_in_bunches_are_too_few():
    bunches = [2 * k + 0.01 * i for k in range(100) for i in range(6)]
    assert spells(bunches) == [True]


def test_a_pause_now_and_then_is_none_and_one_after_the_other_is():
    now_and_then = [60.0 * k + i / 10 for k in range(10) for i in range(500)]
    assert spells(now_and_then) == []
    assert spells([12.0 * k for k in range(10)]) == [True]


def test_nothing_is_wanted_where_no_rate_is():
    assert spells(times((0.1, 600)), min_fps=0) == []


def test_equal_and_first_times_say_nothing():
    assert spells([5.0] * 100) == []
