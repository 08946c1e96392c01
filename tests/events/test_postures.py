"""Postures are told when they change and last."""

from __future__ import annotations

import numpy as np
import pytest
from builders import pose_of, standing, without
from people import FLOOR, SEATED, SIZE, UP, moved, play, stages, tell

from edgepose.events import open_rule
from edgepose.events.measure import measure
from edgepose.events.posture import posture_of, slouch_deg
from edgepose.training.trajectories.body import (
    BENDING,
    CROUCHING,
    ON_ALL_FOURS,
    SITTING,
    STANDING,
    joints,
    lying,
    place,
)
from edgepose.training.trajectories.generate import Camera

CAMERA = Camera((4.0, 0.5, 1.6), (0.0, 0.0, 0.8), 70.0, 0.0, SIZE)


def seen(posture, turn_deg: float = 40) -> np.ndarray:
    """Keypoints of somebody 1.7 m tall in a posture, turned away from the camera."""
    body = place(joints(posture.array()[None], 1.7), np.zeros(1), 1.7)[0]
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    body[:, :2] = body[:, :2] @ np.array([[c, s], [-s, c]])
    return np.column_stack([CAMERA.project(body), np.full(18, 0.8)]).astype(np.float32)


@pytest.mark.parametrize(
    ("posture", "word"),
    [
        (STANDING, "standing"),
        (BENDING, "standing"),
        (SITTING, "sitting"),
        (lying((0.0, 1.0, 0.0), "up"), "lying"),
        (lying((1.0, 0.0, 0.0), "down"), "lying"),
    ],
    ids=["standing", "bending", "sitting", "supine", "prone"],
)
@pytest.mark.parametrize("turn_deg", [0, 45, 90, 135])
def test_every_posture_is_known_from_every_side(posture, word, turn_deg):
    upright = measure([pose_of(seen(STANDING, turn_deg))])[0]
    assert posture_of(measure([pose_of(seen(posture, turn_deg))])[0], upright.height_px) == word


@pytest.mark.parametrize("turn_deg", [0, 45, 90, 135])
def test_crouching_is_known_from_every_side(turn_deg):
    """From the front the thighs point at the camera, as on a low seat; the leaning trunk tells."""
    upright = measure([pose_of(seen(STANDING, turn_deg))])[0]
    assert posture_of(measure([pose_of(seen(CROUCHING, turn_deg))])[0], upright.height_px) == "crouching"


@pytest.mark.parametrize("turn_deg", [0, 45, 90, 135, 270])
def test_hands_and_knees_is_neither_lying_nor_standing(turn_deg):
    upright = measure([pose_of(seen(STANDING, turn_deg))])[0]
    assert posture_of(measure([pose_of(seen(ON_ALL_FOURS, turn_deg))])[0], upright.height_px) not in (
        "lying",
        "standing",
    )


def test_each_change_is_told_once():
    frames = play((UP, 2), (SEATED, 1), (SEATED, 3))
    assert stages(tell(open_rule("posture", None, SIZE), frames)) == ["standing", "sitting"]


def test_a_passing_posture_is_not_told():
    frames = play((UP, 2), (SEATED, 0.1), (UP, 0.1), (UP, 2))
    assert stages(tell(open_rule("posture", None, SIZE), frames)) == ["standing"]


def test_lying_is_told():
    assert stages(tell(open_rule("posture", None, SIZE), play((FLOOR, 2)))) == ["lying"]


def test_without_legs_a_posture_is_unknown():
    legless = without(UP, *(f"{side}_{joint}" for side in "rl" for joint in ("knee", "ankle")))
    assert stages(tell(open_rule("posture", None, SIZE), play((legless, 2)))) == ["unknown"]


def test_legs_below_the_picture_change_no_posture():
    lower = moved(UP, 0, 120)
    lower[[9, 10, 12, 13], 1] = 479
    frames = play((UP, 2), (lower, 0.05), (lower, 3))
    assert stages(tell(open_rule("posture", None, SIZE), frames)) == ["standing"]


def test_lean_and_slouch_are_angles():
    leaning = standing((300, 400))
    leaning[:8, 0] += 60
    leaning[14:, 0] += 60
    (event,) = tell(open_rule("posture", None, SIZE), play((leaning, 1)))
    assert event.evidence["lean_deg"] == pytest.approx(47, abs=2) and event.evidence["leaning"]
    forward = standing((300, 400))
    forward[[0, 14, 15, 16, 17], 0] += 20
    assert slouch_deg(measure([pose_of(forward)])[0]) > 30 > slouch_deg(measure([pose_of(UP)])[0])
