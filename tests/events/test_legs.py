"""Each leg by itself: one foot on the floor is enough to stand, and who lies on straight arms still lies."""

from __future__ import annotations

import numpy as np
import pytest
from builders import lying, pose_of, standing
from people import SIZE, UP, moved, play, stages, tell

from edgepose.events import open_rule
from edgepose.events.measure import measure
from edgepose.events.posture import posture_of
from edgepose.skeleton import BODYPOSENET_18


def bent(**joints):
    """UP with joints elsewhere: x, y in body heights from between the feet, y down."""
    figure = UP.copy()
    for name, (x, y) in joints.items():
        figure[BODYPOSENET_18.index(name), :2] = 300 + 200 * x, 400 + 200 * y
    return figure


ONE_LEG = bent(l_knee=(0.2, -0.45), l_ankle=(0.05, -0.3))
KICK = bent(l_knee=(0.28, -0.45), l_ankle=(0.5, -0.42))
WARRIOR = bent(
    r_hip=(-0.05, -0.38), l_hip=(0.05, -0.38), r_knee=(-0.2, -0.2), r_ankle=(-0.36, -0.02), l_knee=(0.28, -0.28),
    l_ankle=(0.28, -0.03), neck=(0, -0.68), r_shoulder=(-0.11, -0.68), l_shoulder=(0.11, -0.68),
)  # fmt: skip
FLOOR_SEAT = bent(
    r_hip=(0.0, -0.06), l_hip=(0.02, -0.06), r_knee=(0.2, -0.08), l_knee=(0.2, -0.06), r_ankle=(0.42, -0.02),
    l_ankle=(0.42, -0.02), neck=(-0.05, -0.35), r_shoulder=(-0.06, -0.35), l_shoulder=(-0.04, -0.35),
)  # fmt: skip
PLANK = bent(
    neck=(0.3, -0.34), r_shoulder=(0.3, -0.34), l_shoulder=(0.3, -0.34), r_hip=(0.02, -0.24), l_hip=(0.02, -0.24),
    r_knee=(-0.2, -0.14), l_knee=(-0.2, -0.14), r_ankle=(-0.43, -0.04), l_ankle=(-0.43, -0.04), r_elbow=(0.3, -0.18),
    l_elbow=(0.3, -0.18), r_wrist=(0.3, 0.0), l_wrist=(0.3, 0.0), nose=(0.38, -0.36),
)  # fmt: skip
PRESS_UP_FROM_THE_HEAD = bent(
    neck=(0, -0.3), r_shoulder=(-0.11, -0.3), l_shoulder=(0.11, -0.3), r_elbow=(-0.12, -0.15), l_elbow=(0.12, -0.15),
    r_wrist=(-0.12, 0.0), l_wrist=(0.12, 0.0), r_hip=(-0.07, -0.27), l_hip=(0.07, -0.27), r_knee=(-0.07, -0.19),
    l_knee=(0.07, -0.19), r_ankle=(-0.07, -0.12), l_ankle=(0.07, -0.12), nose=(0, -0.25),
)  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "word"),
    [
        (ONE_LEG, "standing"),
        (KICK, "standing"),
        (WARRIOR, "standing"),
        (FLOOR_SEAT, "sitting"),
        (PLANK, "lying"),
        (PRESS_UP_FROM_THE_HEAD, "lying"),
    ],
    ids=["on one leg", "kick", "lunge", "legs stretched along the floor", "plank", "press-up from the head"],
)
@pytest.mark.parametrize("mirror", [False, True], ids=["", "mirrored"])
def test_a_posture_is_that_of_the_leg_that_carries(figure, word, mirror):
    if mirror:
        figure = figure * np.float32([-1, 1, 1]) + np.float32([600, 0, 0])
    assert posture_of(measure([pose_of(figure)])[0], measure([pose_of(UP)])[0].size_px) == word


def test_feet_that_are_seen_are_not_cut_off():
    """Somebody on the floor near the lower edge: standing legs would not fit, but these are seen."""
    low = moved(FLOOR_SEAT, 0, 60)
    assert stages(tell(open_rule("posture", None, SIZE), play((low, 2)))) == ["sitting"]


def test_who_runs_on_does_not_sit():
    seat = standing((100, 400))
    seat[[9, 12], 1] = seat[[8, 11], 1] + 10  # thighs towards the camera for a while, as in a long step
    seat[[10, 13], 1] = seat[[9, 12], 1] + 48
    runs = play((moved(UP, -250), 0.6), (moved(seat, 50), 0.25), (moved(seat, 450), 1.2))
    assert "sitting" not in stages(tell(open_rule("posture", None, SIZE), runs))
    assert "sitting" in stages(tell(open_rule("posture", None, SIZE), play((seat, 1.5))))


def test_who_walks_away_from_the_camera_does_not_lie():
    """A skeleton that is too tall for a moment, or a person who gets small quickly, is forgotten."""
    near = (UP - np.float32([300, 400, 0])) * np.float32([2.2, 2.2, 1]) + np.float32([300, 470, 0])
    frames = play((near, 0.5), (UP, 1.5), (UP, 1.0))
    assert "lying" not in stages(tell(open_rule("posture", None, (640, 960)), frames))


def test_two_bad_frames_do_not_make_a_person_lie():
    flat = lying((200, 390))
    frames = play((UP, 1), (flat, 0.05), (flat, 0.05), (UP, 0.05), (UP, 2))
    assert stages(tell(open_rule("posture", None, SIZE), frames)) == ["standing"]
