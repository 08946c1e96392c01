"""What a skeleton says about a body, worked out by hand from the standing figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import lying, pose_of, standing, without

from edgepose.events.measure import measure
from edgepose.skeleton import BODYPOSENET_18


def test_arms_are_the_joints_of_the_right_and_then_of_the_left_arm():
    body = measure([pose_of(standing((100, 220), 200))])[0]
    right, left = [78, 60, 70, 94, 68, 124], [122, 60, 130, 94, 132, 124]
    assert body.arms == pytest.approx([*right, *left])


@pytest.mark.parametrize("score", [0.0, 0.01], ids=["absent", "guessed"])
def test_a_joint_that_is_not_seen_is_unknown_in_its_arm_and_in_no_middle(score):
    figure = standing((100, 220), 200)
    figure[BODYPOSENET_18.index("l_wrist"), 2] = score
    body = measure([pose_of(figure)])[0]
    assert np.isnan(body.arms[10:]).all() and (body.l_elbow_x, body.n) == (pytest.approx(130), 17)
    assert (body.hand_x, body.hand_y) == pytest.approx((68, 124))


def test_people_are_measured_alike_alone_and_together():
    figures = [standing(), lying(), without(standing((300, 200)), "l_hip", "r_hip", "nose")]
    together = measure([pose_of(figure) for figure in figures])
    alone = [measure([pose_of(figure)])[0] for figure in figures]
    np.testing.assert_allclose(together, alone)


def test_the_neck_keypoint_stands_in_for_shoulders_that_are_not_seen():
    figures = [standing((100, 220), 200), without(standing((100, 220), 200), "l_shoulder", "r_shoulder")]
    both, lone = measure([pose_of(figure) for figure in figures])
    assert (lone.neck_x, lone.neck_y) == (both.neck_x, both.neck_y) == pytest.approx((100, 60))


def test_a_skeleton_without_arms_and_legs_is_measured_all_the_same():
    names = tuple(
        name for name in BODYPOSENET_18.keypoints if name.split("_")[-1] in ("shoulder", "hip", "nose", "neck")
    )
    rows = [BODYPOSENET_18.index(name) for name in names]
    torso = replace(
        BODYPOSENET_18,
        name="torso",
        keypoints=names,
        limbs=(),
        paf_channels=(),
        sigmas=(0.1,) * len(names),
        flip_pairs=(),
    )
    body = measure([pose_of(standing((100, 220), 200)[rows])], torso)[0]
    assert body.angle_deg == pytest.approx(0) and body.height_px == pytest.approx(56 / 0.288)
    assert np.isnan(body.arms).sum() == 8 and not body.legs
