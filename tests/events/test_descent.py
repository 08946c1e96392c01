"""How far and how fast shoulders came down, against the same worked out from all samples at once."""

from __future__ import annotations

import pytest

from edgepose.events.descent import RECENT_S, SPEED_S, WINDOW_S, Descent

HEIGHT_PX, STEP_S = 200.0, 0.1


def up_and_down(t: float) -> float:
    """y of shoulders that come down by 60 pixels in every 2 s, then are up again within a frame's reach."""
    phase = t % 4
    return 100 + 30 * phase if phase < 2 else 160 - 30 * (phase - 2)


@pytest.mark.parametrize("n", [1, 2, 16, 31, 32, 33, 75, 100])
def test_what_is_asked_for_comes_from_the_last_window_alone(n):
    descent, times = Descent(), [STEP_S * i for i in range(n)]
    for t in times:
        descent.see(t, up_and_down(t), up_and_down(t) + 50, HEIGHT_PX, lies=up_and_down(t) < 101)
    now = times[-1]
    window = [t for t in times if t >= now - WINDOW_S]
    speeds = {t: (up_and_down(t) - up_and_down(max(t - SPEED_S, 0))) / (SPEED_S * HEIGHT_PX) for t in times}
    drop = (up_and_down(now) - min(map(up_and_down, window))) / HEIGHT_PX
    assert descent.drop == pytest.approx(drop) and descent.hip_drop == pytest.approx(drop)
    assert descent.fastest == pytest.approx(max(0, *(speeds[t] for t in window)), abs=0.02)
    assert descent.recent == pytest.approx(max(0, *(speeds[t] for t in window if t >= now - RECENT_S), 0), abs=0.02)
    assert descent.lay_before == (min(map(up_and_down, window)) < 101)


def test_nothing_came_down_before_the_first_sight():
    descent = Descent()
    assert (descent.drop, descent.hip_drop, descent.fastest, descent.recent) == (0, 0, 0, 0)
    assert not descent.lay_before and not descent.going_down
