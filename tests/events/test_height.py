"""The height of a person: from several limbs, not from one; learned, and forgotten when it was wrong."""

from __future__ import annotations

import numpy as np
import pytest
from builders import only, pose_of, standing

from edgepose.events.height import Height
from edgepose.events.measure import measure

UP = standing((300, 400))


def size(figure) -> float:
    return measure([pose_of(figure)])[0].size_px


def test_one_long_limb_is_not_believed():
    long = UP.copy()
    long[[8, 11], 1] += 60  # hips too low: the torso is twice as long
    assert size(long) < 1.25 * size(UP) < measure([pose_of(long)])[0].height_px


@pytest.mark.parametrize("side", ["r", "l"])
def test_shoulders_and_an_arm_tell_a_height_where_the_hips_are_hidden(side):
    half = only(UP, "nose", "neck", "r_shoulder", "l_shoulder", f"{side}_elbow", f"{side}_wrist")
    half[[3, 6], :2] = (half[[2, 5], :2] + [0, 34]).astype(np.float32)
    half[[4, 7], :2] = (half[[2, 5], :2] + [0, 64]).astype(np.float32)
    assert size(half) == pytest.approx(size(UP), rel=0.3)


def test_a_height_that_was_wrong_is_forgotten():
    height, tall = Height(), (UP - np.float32([300, 400, 0])) * np.float32([1.6, 1.6, 1]) + np.float32([300, 400, 0])
    for i in range(10):
        height.see(measure([pose_of(tall)])[0], i / 20)
    for i in range(10, 80):
        px = height.see(measure([pose_of(UP)])[0], i / 20)
    assert px == pytest.approx(size(UP), rel=0.05)


def test_a_leap_of_a_moment_changes_nothing():
    height = Height()
    for i in range(40):
        px = height.see(measure([pose_of(UP)])[0], i / 20)
    twice = (UP - np.float32([300, 400, 0])) * np.float32([2, 2, 1]) + np.float32([300, 400, 0])
    for i in range(40, 45):
        assert height.see(measure([pose_of(twice)])[0], i / 20) == pytest.approx(px)
