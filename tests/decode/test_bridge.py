"""Parts of one person that no limb joins come together where the bones allow it."""

from __future__ import annotations

import numpy as np
import pytest
from builders import fields_of, only, standing, without

from edgepose.decode import GroupOptions, group
from edgepose.decode.reach import SHORTEST, reach_of
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18, Skeleton


def found(people, **options) -> list[int]:
    fields = fields_of(people)
    return [int(pose.found.sum()) for pose in group(fields.heatmaps, fields.pafs, options=GroupOptions(**options))]


def test_an_arm_whose_shoulder_is_hidden_stays_with_its_person():
    assert found([without(standing(), "r_shoulder")]) == [17]


def test_a_lone_ankle_below_a_hidden_knee_stays_with_its_person():
    assert found([without(standing(), "l_knee")]) == [17]


def test_without_reach_the_arm_is_lost():
    assert found([without(standing(), "r_shoulder")], reach=0) == [15]


def test_an_arm_farther_away_than_any_bone_allows_is_another_persons():
    arm = only(standing(feet=(300, 220)), "r_elbow", "r_wrist")
    assert found([without(standing(), "r_elbow", "r_wrist"), arm]) == [16]


def test_a_part_goes_to_the_person_it_is_closest_to():
    near, far = without(standing(feet=(100, 220)), "r_shoulder"), without(standing(feet=(200, 220)), "r_shoulder")
    assert found([near, far]) == [17, 17]


def test_two_people_side_by_side_stay_two():
    assert found([standing(feet=(100, 220)), standing(feet=(150, 220))]) == [18, 18]


@pytest.mark.parametrize(
    ("first", "second", "statures"),
    [("neck", "r_wrist", 0.461), ("l_hip", "l_ankle", 0.491), ("r_shoulder", "l_shoulder", 0.258)],
)
def test_reach_is_the_length_of_the_bones_between(first, second, statures):
    reach = reach_of(BODYPOSENET_18)
    assert reach[BODYPOSENET_18.index(first), BODYPOSENET_18.index(second)] == pytest.approx(statures)


def test_reach_follows_the_names_of_another_skeleton():
    ours, theirs = np.ix_(*[BODYPOSENET_18.mapping_to(TRT_POSE_18)] * 2), reach_of(TRT_POSE_18)
    assert np.array_equal(reach_of(BODYPOSENET_18)[ours], theirs)


def test_a_keypoint_that_no_human_has_reaches_nowhere():
    cat = Skeleton("cat", ("nose", "tail"), (), (), (0.1, 0.1))
    assert reach_of(cat)[0, 1] == np.float32(SHORTEST)
