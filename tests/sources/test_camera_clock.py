"""Capture times from stamps and arrivals, over cameras and networks made from numbers: steps, lag, order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.sources.camera_clock import CameraClock

Seconds = np.ndarray
FPS = 20
WRAP_S = 2**32 / 90000  # RTP stamps of video count to 2^32 at 90 kHz


def seen(stamps: Callable[[float], float], delays: Callable[[float], float], fps: float = FPS, until_s: float = 40):
    """(captured, arrived, given) seconds of a camera's pictures: stamps and delays by the second of capture."""
    clock, arrived, rows = CameraClock(), 0.0, []
    for number in range(int(until_s * fps)):
        captured = number / fps
        arrived = max(arrived, 100 + captured + delays(captured))  # a network keeps the order
        rows.append((100 + captured, arrived, clock.capture_s(stamps(captured), arrived)))
    return np.array(rows).T


def steps(captured: Seconds, given_s: Seconds, from_s: float) -> Seconds:
    """Given over true distances between pictures, after the first seconds."""
    return (np.diff(given_s) / np.diff(captured))[captured[1:] > 100 + from_s]


def lan(_captured: float) -> float:
    return 0.03


def jitter(most_s: float, seed: int = 0) -> Callable[[float], float]:
    random = Random(seed)
    return lambda _captured: 0.03 + random.uniform(0, most_s)


def pauses(length_s: float, every_s: float) -> Callable[[float], float]:
    """A network that holds everything back for a while and then delivers it at once."""
    return lambda captured: 0.03 + (every_s - captured % every_s if captured % every_s > every_s - length_s else 0)


CAMERAS: dict[str, Callable[[float], float]] = {
    "good": lambda t: 1000 + t,
    "stands still": lambda t: 1000.0,
    "stamps every 0.2 s": lambda t: 1000 + int(5 * t + 1e-9) / 5,
    "stamps every second": lambda t: 1000.0 + int(t + 1e-9),
    "back 1.5 s every 3 s": lambda t: 1000 + t - 1.5 * (t // 3),
    "back 0.5 s every 2 s": lambda t: 1000 + t - 0.5 * (t // 2),
    "on 1.5 s every 3 s": lambda t: 1000 + t + 1.5 * (t // 3),
    "back an hour": lambda t: 1000 + t - 3600 * (t // 15),
    "on an hour": lambda t: 1000 + t + 3600 * (t // 15),
    "one stamp of 40 is far off": lambda t: 1000 + t - 9800 * (round(t * FPS) % 40 == 20),
    "90 kHz wrap": lambda t: (WRAP_S - 8 + t) % WRAP_S,
    "stands still after 10 s": lambda t: 1000 + min(t, 10),
    "goes after 10 s": lambda t: 1000 + max(t, 10),
    "by the 15th": lambda t: 1000 + int(15 * t + 1e-9) / 15,
    "trembles by 20 ms": lambda t: 1000 + t + (round(t * FPS) * 7919 % 11 - 5) * 0.004,
    **{
        f"at {rate} times the rate": lambda t, r=rate: 1000 + r * t
        for rate in (0.1, 0.5, 0.8, 0.84, 0.97, 1.03, 1.25, 3)
    },
}

NETWORKS = {
    "even": lan,
    "20 ms jitter": jitter(0.02),
    "80 ms jitter": jitter(0.08),
    "pauses of 0.6 s": pauses(0.6, 3),
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("camera", CAMERAS)
def test_steps_stay_between_half_and_twice_the_true_ones_and_times_near_the_arrivals(camera: str, network: str) -> None:
    captured, arrived, given_s = seen(CAMERAS[camera], NETWORKS[network])
    share = steps(captured, given_s, from_s=3)
    assert share.min() >= 0.5
    assert share.max() <= 2
    late = arrived - given_s
    of_the_network = arrived - captured - (arrived - captured).min()
    assert (late - of_the_network).max() < 0.3
    assert late.min() >= -1e-3


@pytest.mark.parametrize("rate", [0.0, 0.5, 0.8, 0.84, 1.0])
def test_an_even_network_needs_no_time_to_learn_a_slow_clock(rate: float) -> None:
    captured, arrived, given_s = seen(lambda t: 1000 + rate * t, lan)
    share = steps(captured, given_s, from_s=0)
    assert share.min() > 0.5
    assert share.max() < 2
    assert (arrived - given_s).max() < 0.3


@pytest.mark.parametrize("rate", [0.0, 0.84, 1.2])
@pytest.mark.parametrize("fps", [1, 5, 30, 60])
def test_every_frame_rate_is_served(rate: float, fps: float) -> None:
    captured, arrived, given_s = seen(lambda t: 1000 + rate * t, jitter(0.02), fps, until_s=max(30, 60 / fps))
    share = steps(captured, given_s, from_s=max(2, 8 / fps))
    assert share.min() >= 0.5
    assert share.max() <= 2
    assert (arrived - given_s).max() < 0.33


@given(
    rate=st.floats(0, 4),
    back_s=st.floats(-5, 5),
    every_s=st.floats(1.5, 10),
    jitter_s=st.floats(0, 0.05),
    fps=st.floats(4, 60),
    seed=st.integers(0, 99),
)
def test_whatever_a_clock_does_times_increase_and_never_lie_ahead(
    rate: float, back_s: float, every_s: float, jitter_s: float, fps: float, seed: int
) -> None:
    def stamps(t: float) -> float:
        return 1000 + rate * t - back_s * (t // every_s)

    captured, arrived, given_s = seen(stamps, jitter(jitter_s, seed), fps, until_s=15)
    assert (np.diff(given_s) > 0).all()
    assert (given_s <= arrived + 1e-3).all()
    late = arrived - given_s
    assert late[captured > 102].max() < 0.3 + jitter_s
    whole = np.diff(given_s[captured > 102]).sum() / np.diff(captured[captured > 102]).sum()
    assert whole == pytest.approx(1, abs=0.05)


def test_network_jitter_does_not_reach_the_capture_time() -> None:
    clock, rng = CameraClock(), Random(0)
    pts = [0.1 * n for n in range(100)]
    capture = [clock.capture_s(t, 50 + t + rng.uniform(0.02, 0.09)) for t in pts]
    assert np.diff(capture[20:]) == pytest.approx(0.1, abs=0.015)


@pytest.mark.parametrize("rate", [0.5, 0.84, 1.0])
@pytest.mark.parametrize("pause_s", [0.3, 1.0])
def test_a_pause_of_the_network_soon_after_connecting_does_no_harm(pause_s: float, rate: float) -> None:
    def held_back(t: float) -> float:
        return 0.03 + (1 + pause_s - t if 1 <= t < 1 + pause_s else 0)

    captured, _, given_s = seen(lambda t: 1000 + rate * t, held_back, until_s=12)
    share = steps(captured, given_s, from_s=0)
    assert share.min() > 0.5
    assert share.max() < 2


@pytest.mark.parametrize("pause_s", [0.6, 1.5, 3.0])
def test_pictures_that_waited_in_the_network_keep_their_distances(pause_s: float) -> None:
    captured, _, given_s = seen(CAMERAS["good"], pauses(pause_s, 12))
    assert steps(captured, given_s, from_s=0) == pytest.approx(1, abs=0.05)


def test_a_camera_that_shows_nothing_for_a_while_is_believed_when_its_stamps_say_so() -> None:
    clock, given_s = CameraClock(), []
    captured = [n / FPS for n in range(600) if not 200 <= n < 260]
    for t in captured:
        given_s.append(clock.capture_s(1000 + t, 100.03 + t))
    assert np.diff(given_s) == pytest.approx(np.diff(captured), rel=1e-3)


def test_a_still_clock_is_made_up_for_after_a_time_without_pictures() -> None:
    clock, late = CameraClock(), []
    for n in range(600):
        if not 200 <= n < 220:
            late.append(100 + n / FPS - clock.capture_s(1000, 100 + n / FPS))
    assert max(late[200 + FPS + 10 :]) < 0.3


def test_capture_times_never_run_ahead_and_always_increase() -> None:
    clock, rng = CameraClock(), Random(1)
    now, last = 10.0, -1.0
    for _ in range(200):
        now += rng.uniform(0, 0.1)
        t = clock.capture_s(rng.uniform(0, 5), now)
        assert t > last
        assert t <= now + 1e-3
        last = t


def test_a_stream_clock_that_jumps_starts_anew() -> None:
    clock = CameraClock()
    clock.capture_s(1000.0, 50.0)
    assert clock.capture_s(3.0, 50.1) == pytest.approx(50.1)


@pytest.mark.parametrize("stamp", [None, float("nan"), float("inf")])
def test_without_presentation_times_the_arrival_counts(stamp: float | None) -> None:
    assert CameraClock().capture_s(stamp, 12.5) == 12.5
