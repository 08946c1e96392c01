"""Crops: what is cut out lies where the way back says, at any turn and scale."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from edgepose.training.teacher.blazepose import peaks, round_hips  # noqa: E402
from edgepose.training.teacher.body import lies, neighbours, same_person, trunk_deg  # noqa: E402
from edgepose.training.teacher.crop import alone, around, cut, square, to_crop, to_picture  # noqa: E402


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0, 270.0, 33.0])
@pytest.mark.parametrize("side", [60.0, 256.0, 900.0])
def test_a_spot_in_a_crop_goes_back_to_where_it_was(turn: float, side: float) -> None:
    image = np.zeros((700, 800, 3), np.uint8)
    spot = np.array((430.0, 321.0))
    cv2.circle(image, (430, 321), max(2, int(side / 60)), (255, 255, 255), -1)
    crop = square((410.0, 330.0), side, turn)
    ys, xs = np.nonzero(cut(image, crop)[..., 0] > 100)
    back = to_picture(np.array([[xs.mean(), ys.mean(), 1.0]]), crop)
    assert back[0, :2] == pytest.approx(spot, abs=0.6 * crop.scale + 0.6)


def test_a_quarter_turn_clockwise_of_the_crop_stands_a_person_up_whose_head_lies_right() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[50, 90] = 255  # the head, right of the middle
    ys, _ = np.nonzero(cut(image, square((50.0, 50.0), 100, 90))[..., 0] > 60)
    assert ys.mean() < 60


def test_a_crop_holds_its_box_with_the_margin() -> None:
    crop = around(np.array((100.0, 50.0, 140.0, 250.0)), 1.25)
    corners = to_picture(np.array([[-0.5, -0.5, 1.0], [255.5, 255.5, 1.0]]), crop)
    assert corners[:, :2] == pytest.approx(np.array([[-5.0, 25.0], [245.0, 275.0]]))


def person(angle_deg: float, length: float = 100.0) -> np.ndarray:
    keypoints = np.zeros((17, 3))
    a = np.deg2rad(angle_deg)
    up = np.array((np.sin(a), -np.cos(a)))
    side = np.array((-up[1], up[0]))
    for k, along, across in (
        (5, 0.5, 0.1),
        (6, 0.5, -0.1),
        (11, 0.0, 0.1),
        (12, 0.0, -0.1),
        (0, 0.8, 0.0),
        (15, -0.9, 0),
    ):
        keypoints[k] = *(200 + length * (along * up + across * side)), 0.9
    return keypoints


@pytest.mark.parametrize(("angle", "lying"), [(0, False), (40, False), (50, True), (-90, True), (180, True)])
def test_a_trunk_more_than_45_degrees_from_upright_lies(angle: float, lying: bool) -> None:
    assert lies(person(angle)) is lying
    assert trunk_deg(person(angle)) == pytest.approx(angle)


def test_a_person_without_hips_has_no_angle_and_does_not_lie() -> None:
    keypoints = person(90)
    keypoints[11:13, 2] = 0
    assert trunk_deg(keypoints) is None and not lies(keypoints)


def test_the_crop_of_a_lying_person_is_turned_so_that_the_head_is_up() -> None:
    keypoints = person(90)
    crop = round_hips(keypoints)
    inverse = np.linalg.inv(crop.matrix[:, :2])
    head = inverse @ (keypoints[0, :2] - crop.matrix[:, 2])
    hips = inverse @ (keypoints[11:13, :2].mean(0) - crop.matrix[:, 2])
    assert hips == pytest.approx((127.5, 127.5))
    assert head[1] < hips[1] - 20 and abs(head[0] - hips[0]) < 1


def test_a_peak_is_the_centroid_of_its_cells() -> None:
    ys, xs = np.indices((64, 64))
    maps = np.exp(-((xs - 20.3) ** 2 + (ys - 41.8) ** 2) / 2)[..., None]
    assert peaks(maps)[0, :2] == pytest.approx((20.8 * 4 - 0.5, 42.3 * 4 - 0.5), abs=1.0)


def test_two_guesses_of_one_person_are_the_same_and_of_neighbours_are_not() -> None:
    one = person(0)
    moved, beside = one + np.array((4, 3, 0)), one + np.array((80, 0, 0))
    assert same_person(one, moved)
    assert not same_person(one, beside)


def test_a_crop_and_back_is_where_it_began() -> None:
    crop = square((300.0, 200.0), 321, 37)
    assert to_picture(to_crop(person(20), crop), crop) == pytest.approx(person(20))


def test_a_reader_that_sees_the_neighbour_is_noticed_and_one_that_sees_the_candidate_is_not() -> None:
    candidate = person(0)
    assert neighbours(candidate + np.array((60, 0, 0)), candidate)
    assert not neighbours(candidate + np.array((6, 4, 0)), candidate)
    upper = candidate.copy()
    upper[11:, 2] = 0.02
    assert not neighbours(upper, candidate)


def test_alone_blanks_what_lies_outside_the_box() -> None:
    picture = np.full((256, 256, 3), 9, np.uint8)
    left = alone(picture, np.array((-20.0, 30.0, 100.0, 300.0)))
    assert (left[30:, :100] == 9).all() and left[:30].max() == 0 and left[:, 100:].max() == 0
