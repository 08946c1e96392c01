"""Limbs are believed where the field runs along them, and scored by how strong it is there."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.decode.limbs import max_misses, score_limbs
from edgepose.decode.peaks import Peaks

ONE_LIMB = np.array([[0, 1, 0, 1]], np.int32)


def two_peaks(start: tuple[float, float], end: tuple[float, float]) -> Peaks:
    return Peaks(np.array([0, 1]), np.array([start, end], np.float32), np.array([0.9, 0.9], np.float32))


def rightward(strength: float = 0.8, hw: tuple[int, int] = (8, 12)) -> np.ndarray:
    pafs = np.zeros((2, *hw), np.float32)
    pafs[0] = strength
    return pafs


def scores(peaks: Peaks, pafs: np.ndarray, stride: float = 8) -> list[float]:
    return score_limbs(peaks, pafs, stride, ONE_LIMB, 0.05, 0.8).score.tolist()


def test_a_limb_along_the_field_scores_its_strength():
    assert scores(two_peaks((12, 30), (76, 30)), rightward(0.8)) == pytest.approx([0.8])


def test_a_limb_at_an_angle_scores_the_component_along_it():
    assert scores(two_peaks((12, 12), (44, 44)), rightward(0.8)) == pytest.approx([0.8 * np.sqrt(0.5)], abs=1e-6)


@pytest.mark.parametrize(
    ("start", "end"), [((76, 30), (12, 30)), ((12, 12), (12, 50)), ((30, 30), (30, 30))], ids=["back", "across", "same"]
)
def test_a_line_that_the_field_does_not_follow_is_no_limb(start, end):
    assert scores(two_peaks(start, end), rightward()) == []


def test_a_gap_of_two_samples_is_bridged_and_of_three_is_not():
    narrow, wide = rightward(), rightward()
    narrow[:, :, 5:7] = 0
    wide[:, :, 5:8] = 0
    peaks = two_peaks((11.5, 30), (83.5, 30))  # one sample in each of the columns 1 to 10
    assert scores(peaks, narrow) == pytest.approx([0.64])
    assert scores(peaks, wide) == []


def test_nan_counts_as_nothing_there():
    pafs = rightward()
    pafs[:, :, 5] = np.nan
    peaks = two_peaks((13, 30), (85, 30))  # between the columns, so that two of ten samples touch column 5
    assert scores(peaks, pafs) == pytest.approx([0.64])


def test_a_field_stronger_than_one_counts_as_one():
    assert scores(two_peaks((12, 30), (76, 30)), rightward(3.0)) == pytest.approx([1.0])


def test_the_field_may_have_another_stride_than_the_peaks():
    assert scores(two_peaks((12, 30), (76, 30)), rightward(0.8, (32, 48)), stride=2) == pytest.approx([0.8])


@pytest.mark.parametrize(("min_support", "misses"), [(1.0, 0), (0.8, 2), (0.75, 2), (0.0, 10)])
def test_misses_allowed(min_support, misses):
    assert max_misses(min_support) == misses
