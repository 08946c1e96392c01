"""Each gesture fires, and its nearest neighbour stays quiet."""

from __future__ import annotations

import numpy as np
import pytest
from people import SIZE, UP, moved, play, stages, tell

from edgepose.events import open_rule
from edgepose.events.options import GestureOptions
from edgepose.skeleton import BODYPOSENET_18
from edgepose.training.trajectories import GESTURES, QUIET_GESTURES, Camera, generate

FRONT = Camera((3.5, 0.0, 1.5), (0.0, 0.0, 0.9), 70.0, 0.0, SIZE)


def acted(script, seed: int = 3):
    return generate(script, seed, fps=15, camera=FRONT, facing_deg=20, noise=0).frames()


@pytest.mark.parametrize("name", ["hands_up", "hand_raised", "wave"])
def test_a_gesture_is_told_once(name):
    assert stages(tell(open_rule("gesture", None, SIZE), acted(GESTURES[name]))) == [name]


@pytest.mark.parametrize("name", QUIET_GESTURES)
def test_its_neighbour_is_not(name):
    assert tell(open_rule("gesture", None, SIZE), acted(QUIET_GESTURES[name])) == []


@pytest.mark.parametrize(("wrist", "side"), [(110, "right"), (-110, "left")])
def test_pointing_is_told_by_its_side_of_the_picture(wrist, side):
    arm = UP.copy()
    name = "l" if wrist > 0 else "r"
    shoulder = arm[BODYPOSENET_18.index(f"{name}_shoulder")].copy()
    arm[BODYPOSENET_18.index(f"{name}_elbow"), :2] = shoulder[:2] + np.float32([wrist / 2, 0])
    arm[BODYPOSENET_18.index(f"{name}_wrist"), :2] = shoulder[:2] + np.float32([wrist, 0])
    frames = play((UP, 1), (arm, 0.4), (arm, 2))
    assert stages(tell(open_rule("gesture", None, SIZE), frames)) == [f"point_{side}"]


@pytest.mark.parametrize(("rise", "told"), [(0, ["hands_up"]), (60, [])], ids=["at the top", "in mid-picture"])
def test_hands_above_the_picture_are_raised_if_elbows_over_the_head_say_so(rise, told):
    """Elbows over the head at the picture's top, wrists unseen; further down, wrists unseen may be anywhere."""
    head_y = 20.0 + rise
    up = moved(UP, 0, head_y - UP[:, 1].min())
    for side in "lr":
        shoulder, elbow, wrist = (BODYPOSENET_18.index(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist"))
        up[elbow, :2] = up[shoulder, 0], head_y - 4
        up[wrist] = np.nan, np.nan, 0
    assert stages(tell(open_rule("gesture", None, SIZE), play((up, 3)))) == told


def test_a_held_gesture_can_be_a_call_for_help():
    options = GestureOptions(help_gesture="hands_up", help_s=1.0)
    assert stages(tell(open_rule("gesture", options, SIZE), acted(GESTURES["hands_up"]))) == ["hands_up", "help"]


def test_an_unknown_call_for_help_is_refused():
    with pytest.raises(ValueError, match="hands_up"):
        open_rule("gesture", GestureOptions(help_gesture="cartwheel"), SIZE)
