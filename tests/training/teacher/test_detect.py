"""Candidates of whole pictures: turned back, each once; both looks at a crop."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("torch")

from edgepose.training.teacher.body import FLIP  # noqa: E402
from edgepose.training.teacher.detect import each_once, mean_maps, outline, turn_back  # noqa: E402
from edgepose.training.teacher.fused import FusedTeacher, LookOptions  # noqa: E402
from edgepose.training.teacher.read import both_ways  # noqa: E402

pytestmark = pytest.mark.torch


def person(x: float, score: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.column_stack((rng.uniform(0, 100, (17, 2)) + np.array((x, 0)), np.full(17, score)))


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_a_keypoint_of_the_turned_picture_goes_back_to_its_pixel(quarter: int) -> None:
    image = np.zeros((40, 70), np.uint8)
    image[11, 52] = 255
    y, x = np.argwhere(np.rot90(image, quarter))[0]
    assert turn_back(np.array([[x, y, 1.0]]), quarter, image.shape)[0, :2].tolist() == [52, 11]


def test_of_two_guesses_of_one_person_the_stronger_stays() -> None:
    kept = each_once([person(0, 0.4), person(3, 0.8), person(300, 0.3)])
    assert [round(float(one[0, 2]), 1) for one in kept] == [0.8, 0.3]


def test_an_outline_is_larger_than_the_keypoints_by_a_share_of_the_longer_side() -> None:
    keypoints = np.zeros((17, 3))
    keypoints[:2] = (10, 20, 1), (60, 120, 1)
    assert outline(keypoints) == pytest.approx((2, 12, 68, 128))


def test_maps_of_two_scales_are_averaged_on_the_grid_of_the_first() -> None:
    maps = mean_maps([np.full((57, 4, 6), 1.0, np.float32), np.full((57, 9, 13), 3.0, np.float32)])
    assert maps.shape == (57, 4, 6) and maps.dtype == np.float16 and (maps == 2).all()


def test_looks_that_agree_are_averaged_and_of_others_the_stronger_counts_half() -> None:
    first = np.column_stack((np.full(17, 100.0), np.full(17, 80.0), np.full(17, 0.8)))
    mirrored = first.copy()
    mirrored[:, 0] = 255 - 104.0
    mirrored[FLIP[9], 0] = 10.0  # this one is elsewhere, and weaker
    mirrored[:, 2] = 0.4
    answers = iter((first, mirrored))
    seen = both_ways(lambda _: next(answers).copy(), np.zeros((256, 256, 3), np.uint8))
    others = np.arange(17) != 9
    assert seen[others, 0] == pytest.approx(102) and seen[others, 2] == pytest.approx(0.6)
    assert seen[9, 0] == pytest.approx(100) and seen[9, 2] == pytest.approx(0.4)


class Crowd(FusedTeacher):
    """Thunder looks at a neighbour unless the crop is blanked; both readers answer in crop pixels."""

    def __init__(self, *, stubborn: bool) -> None:
        self.options = LookOptions()
        self._blazepose = None
        inside = np.column_stack((np.tile((118.0, 138.0), 9)[:17], np.linspace(40, 220, 17), np.full(17, 0.8)))
        neighbour = inside + np.array((110, 0, 0))

        def thunder(crop: np.ndarray) -> np.ndarray:
            blanked = crop[128, 0].max() == 0
            return inside if blanked and not stubborn else neighbour

        self._thunder = thunder
        self._fields = lambda _: [neighbour, inside]


@pytest.mark.parametrize("stubborn", [False, True])
def test_in_a_row_of_people_each_candidate_is_read_alone(monkeypatch: pytest.MonkeyPatch, stubborn: bool) -> None:
    monkeypatch.setattr("edgepose.training.teacher.fused.both_ways", lambda reader, crop: reader(crop))
    image = np.full((400, 400, 3), 200, np.uint8)
    candidate = np.column_stack((np.tile((190.0, 210.0), 9)[:17], np.linspace(110, 290, 17), np.full(17, 0.8)))
    reading = Crowd(stubborn=stubborn).read(image, candidate)
    assert np.array(reading.fields)[:, 0].mean() == pytest.approx(200, abs=15)
    of_thunder = np.array(reading.thunder)
    if stubborn:
        assert not of_thunder[:, 2].any()
    else:
        assert of_thunder[:, 0].mean() == pytest.approx(200, abs=15)
