"""Targets from two teachers: what is drawn, what is left to the maps, what weighs nothing."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training.data.anchored import Crowd, Targets, anchored
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs

pytestmark = pytest.mark.torch
HW = (256, 256)
OPTIONS = TargetOptions(fill=1.0)
NONE = np.zeros((32, 32), bool)
WRIST, NOSE, ELBOW, BACKGROUND = SKELETON.index("l_wrist"), SKELETON.index("nose"), SKELETON.index("l_elbow"), 18


def person(x: float = 128, y: float = 110, chance: float = 0.9) -> np.ndarray:
    shape = np.array(
        [[0, -60], [0, -40], [-18, -40], [-22, -15], [-24, 8], [18, -40], [22, -15], [24, 8], [-11, 10], [-12, 40],
         [-12, 70], [11, 10], [12, 40], [12, 70], [-4, -64], [4, -64], [-9, -61], [9, -61]], np.float32,
    )  # fmt: skip
    return np.column_stack((shape + np.array((x, y)), np.full(18, chance))).astype(np.float32)


def maps_of(*people: np.ndarray) -> np.ndarray:
    keypoints = np.array(people, np.float32).reshape(-1, 18, 3)
    return np.concatenate(
        (draw_heatmaps(keypoints, SKELETON, HW, OPTIONS), draw_pafs(keypoints, SKELETON, HW, OPTIONS))
    )


def targets(maps: np.ndarray, *people: np.ndarray, nobody=NONE, doubtful=NONE, lies=False) -> Targets:
    crowd = Crowd(np.array(people, np.float32).reshape(-1, 18, 3), np.full(len(people), lies))
    return anchored(maps, crowd, nobody, doubtful, SKELETON, OPTIONS)


def cell(keypoint: np.ndarray) -> tuple[int, int]:
    return int((keypoint[1] + 0.5) // 8), int((keypoint[0] + 0.5) // 8)


def test_without_people_the_maps_stay_and_weigh_one() -> None:
    maps = maps_of(person())
    answer = targets(maps)
    np.testing.assert_array_equal(answer.maps, maps)
    assert (answer.weights == 1).all()


def test_who_the_maps_miss_is_drawn_whole() -> None:
    answer = targets(maps_of(), person())
    np.testing.assert_allclose(answer.maps, maps_of(person()), atol=1e-6)


def test_faces_that_the_maps_know_are_left_to_them_and_wrists_are_drawn() -> None:
    maps = maps_of(person())
    maps[:18] *= 0.8
    maps[18] = 1 - maps[:18].max(0)
    answer = targets(maps, person())
    np.testing.assert_allclose(answer.maps[NOSE], maps[NOSE])
    np.testing.assert_allclose(answer.maps[WRIST], maps_of(person())[WRIST], atol=1e-6)


def test_a_wrist_that_the_maps_see_elsewhere_moves() -> None:
    wrong = person()
    wrong[WRIST, :2] = 165, 85
    answer = targets(maps_of(wrong), person())
    assert answer.maps[WRIST][cell(wrong[WRIST])] == 0
    assert answer.maps[WRIST][cell(person()[WRIST])] > 0.7
    assert answer.maps[BACKGROUND][cell(wrong[WRIST])] == pytest.approx(1, abs=0.06)


def test_a_keypoint_weighs_what_its_chance_is() -> None:
    one = person()
    one[WRIST, 2] = 0.5
    weights = targets(maps_of(), one).weights
    assert weights[WRIST][cell(one[WRIST])] == pytest.approx(0.5)
    assert weights[ELBOW][cell(one[ELBOW])] == pytest.approx(0.9)
    assert weights[WRIST][0, 0] == 1


def test_a_doubtful_keypoint_is_neither_drawn_nor_taught_as_nobody() -> None:
    one = person()
    one[WRIST, 2] = 0.2
    answer = targets(maps_of(), one)
    assert answer.weights[WRIST][cell(one[WRIST])] == 0
    assert answer.maps[WRIST].max() == 0
    limb = 19 + SKELETON.paf_channels[SKELETON.limbs.index((ELBOW, WRIST))][1]
    middle = (one[WRIST] + one[ELBOW]) / 2
    assert answer.weights[limb][cell(middle)] == 0


def test_a_doubtful_region_weighs_nothing_but_for_people_who_are_sure() -> None:
    weights = targets(maps_of(), person(60), doubtful=np.ones((32, 32), bool)).weights
    assert weights[:, :, 24:].max() == 0
    assert weights[NOSE][cell(person(60)[NOSE])] > 0


def test_where_nobody_is_the_maps_are_emptied_but_not_in_a_persons_box() -> None:
    chair, somebody = person(60), person(200)
    maps = maps_of(chair, somebody)
    answer = targets(maps, somebody, nobody=np.ones((32, 32), bool))
    assert answer.maps[:18, :, :12].max() == 0 and (answer.maps[18, :, :12] == 1).all()
    assert answer.maps[NOSE][cell(somebody[NOSE])] > 0.7
    assert (answer.weights[:, :, :12] == 1).all()


def test_a_lying_person_is_drawn_alone() -> None:
    lying = person()
    lying[:, :2] = person()[:, 1::-1]
    answer = targets(maps_of(person(x=110, y=125)), lying, lies=True)
    drawn = maps_of(lying)
    inside = np.s_[:18, 12:20, 8:22]
    np.testing.assert_allclose(answer.maps[inside], drawn[inside], atol=1e-6)


def test_neighbours_keep_their_own_wrists() -> None:
    one, other = person(100), person(150)
    answer = targets(maps_of(one, other), one, other)
    for each in (one, other):
        assert answer.maps[WRIST][cell(each[WRIST])] > 0.7
    assert answer.weights.min() > 0.8


def small(side: float, *kept: int) -> np.ndarray:
    """A person of this height, of whom the keypoints `kept` are known (all when none are named)."""
    one = person(0, 0)
    one[:, :2] = one[:, :2] * side / np.ptp(one[:, 1]) + 128
    if kept:
        one[[k for k in range(18) if k not in kept], 2] = 0
    return one


def test_somebody_as_small_as_a_keypoints_peak_is_learned_as_nobody() -> None:
    one = small(18)
    answer = targets(maps_of(one), one)
    assert answer.maps[:18].max() == 0 and (answer.maps[BACKGROUND] == 1).all()
    assert (answer.weights == 1).all()


def test_somebody_a_little_larger_is_not_learned_at_all() -> None:
    one = small(32)
    weights = targets(maps_of(), one).weights
    assert weights[:, cell(one[NOSE])[0], cell(one[NOSE])[1]].max() == 0


@pytest.mark.parametrize("kept", [(0, 14, 15, 16, 17), (0, 1, 2, 5, 14, 15)], ids=["a face", "head and shoulders"])
def test_a_part_of_a_large_person_is_no_small_person(kept: tuple[int, ...]) -> None:
    one = small(250, *kept)
    assert np.ptp(one[list(kept), 1]) < 80
    assert targets(maps_of(), one).maps[NOSE].max() > 0.7
