"""Peaks lie where the Gaussians were drawn, between the cells, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.decode.peaks import find_peaks


def gaussian(x: float, y: float, *, height: float = 0.8, stride: int = 8, hw: tuple[int, int] = (12, 16)) -> np.ndarray:
    rows, columns = np.indices(hw)
    distance2 = ((columns + 0.5) * stride - 0.5 - x) ** 2 + ((rows + 0.5) * stride - 0.5 - y) ** 2
    return (height * np.exp(-distance2 / (2 * 7.0**2))).astype(np.float32)


def peaks_of(heatmap: np.ndarray, threshold: float = 0.1, max_peaks: int = 128, stride: int = 8):
    return find_peaks(heatmap[None], stride, threshold, max_peaks)


@pytest.mark.parametrize(("x", "y"), [(59.5, 43.5), (61.0, 45.0), (63.4, 40.1), (57.0, 47.3)])
def test_a_peak_lies_where_the_gaussian_was_drawn(x, y):
    peaks = peaks_of(gaussian(x, y))
    assert peaks.xy == pytest.approx(np.array([[x, y]]), abs=0.01)


def test_the_height_between_the_cells_is_found():
    assert peaks_of(gaussian(63.4, 40.1, height=0.7)).score[0] == pytest.approx(0.7, abs=0.01)


def test_a_score_is_never_above_one():
    assert peaks_of(gaussian(63.4, 40.1, height=1.4)).score[0] == 1


def test_what_is_not_above_the_threshold_is_no_peak():
    assert len(peaks_of(gaussian(59.5, 43.5, height=0.1)).score) == 0


def test_of_a_plateau_one_cell_in_reading_order_is_the_peak():
    heatmap = np.zeros((6, 6), np.float32)
    heatmap[2:4, 2:4] = 0.5
    assert len(peaks_of(heatmap).score) == 1


def test_diagonal_neighbours_are_two_peaks():
    heatmap = np.zeros((6, 6), np.float32)
    heatmap[2, 2], heatmap[3, 3] = 0.5, 0.6
    assert len(peaks_of(heatmap).score) == 2


def test_a_peak_on_the_border_stays_in_its_cell():
    heatmap = np.zeros((4, 5), np.float32)
    heatmap[0, 4] = 0.5
    assert peaks_of(heatmap).xy == pytest.approx(np.array([[35.5, 3.5]]))


def test_nan_is_never_a_peak_and_hides_none():
    heatmap = np.full((5, 5), np.nan, np.float32)
    heatmap[2, 2] = 0.5
    assert peaks_of(heatmap).xy == pytest.approx(np.array([[19.5, 19.5]]))


def test_infinity_is_a_peak_of_score_one_in_its_cell():
    heatmap = np.zeros((5, 5), np.float32)
    heatmap[2, 2] = np.inf
    peaks = peaks_of(heatmap)
    assert peaks.xy == pytest.approx(np.array([[19.5, 19.5]]))
    assert peaks.score[0] == 1


def test_only_the_strongest_peaks_stay_in_reading_order():
    heatmap = np.zeros((3, 9), np.float32)
    heatmap[1, 1::2] = 0.4, 0.9, 0.5, 0.8
    assert peaks_of(heatmap, max_peaks=2).xy[:, 0] == pytest.approx([27.5, 59.5])
