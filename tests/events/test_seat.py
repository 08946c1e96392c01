"""Walking is travel, still is every limb at rest, and a seat is taken from any side."""

from __future__ import annotations

import numpy as np
import pytest
from people import SEATED, SIZE, UP, moved, play, stages, tell

from edgepose.events import open_rule

# from the front of a low camera the thighs of a seated person still go down: the posture does not change
FRONT_SEAT = UP.copy()
FRONT_SEAT[:, 1] = np.where(UP[:, 1] < 300, UP[:, 1] + 36, UP[:, 1])
FRONT_SEAT[[9, 12], 1] = 350


def activities(frames):
    return tell(open_rule("activity", None, SIZE), frames)


@pytest.mark.parametrize("seat", [SEATED, FRONT_SEAT], ids=["thighs to the camera", "thighs that go down"])
def test_taking_a_seat_and_leaving_it_tell_how_long_they_took(seat):
    events = activities(play((UP, 2), (seat, 1.2), (seat, 2), (UP, 1.2), (UP, 2)))
    found = [event for event in events if event.stage in ("sitting_down", "getting_up")]
    assert stages(found) == ["sitting_down", "getting_up"]
    assert all(event.evidence["duration_s"] == pytest.approx(1.2, abs=0.5) for event in found)
    assert "walking" not in stages(events)


def test_walking_on_the_spot_is_neither_walking_nor_still():
    """Left and right leg in turn: the middle of both knees rests."""
    left, right = UP.copy(), UP.copy()
    left[[12, 13], 1] -= 30
    right[[9, 10], 1] -= 30
    steps = [(left if i % 2 else right, 0.4) for i in range(12)]
    assert stages(activities(play((right, 0.1), *steps))) == []


def test_hands_that_work_are_not_still():
    near, far = UP.copy(), UP.copy()
    near[[3, 4], 0] -= 20
    far[[3, 4], 0] += 20
    assert "still" not in stages(activities(play(*[(near if i % 2 else far, 0.5) for i in range(10)])))


def test_who_walks_off_and_sits_elsewhere_does_not_get_up_there():
    frames = play((SEATED, 2), (moved(UP, 250, -60), 2), (moved(UP, 250, -60), 2))
    assert "sitting_down" not in stages(activities(frames))
