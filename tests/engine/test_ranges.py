"""Histograms that widen, and the ranges chosen from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepose.engine.int8.histogram import N_BINS, Histogram
from edgepose.engine.int8.ranges import choose_amax, divergence


def filled(*arrays: np.ndarray) -> Histogram:
    histogram = Histogram()
    for array in arrays:
        histogram.add(np.asarray(array, np.float32))
    return histogram


def test_a_larger_value_widens_the_range_and_loses_no_count() -> None:
    histogram = filled([0.5, -1.0], [3.0])
    assert histogram.counts.sum() == 3
    assert histogram.amax == 3.0
    assert histogram.limit == 4.0  # 1 doubled twice
    assert histogram.counts[int(3.0 / histogram.bin_width)] == 1


def test_large_tensors_are_counted_as_by_one_look_at_all_values() -> None:
    values = np.random.default_rng(0).standard_normal((3, 7, 11, 401)).astype(np.float32)
    histogram = filled(values)
    sizes = np.abs(values.ravel()) * np.float32(N_BINS / histogram.limit)
    wanted = np.bincount(np.minimum(sizes.astype(int), N_BINS - 1), minlength=N_BINS)
    np.testing.assert_array_equal(histogram.counts, wanted)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20), min_size=1, max_size=6))
def test_counts_do_not_depend_on_how_values_arrive(parts: list[list[float]]) -> None:
    histogram = filled(*map(np.array, parts))
    sizes = np.abs(np.concatenate([np.array(part, np.float32) for part in parts]))
    assert histogram.counts.sum() == len(sizes)
    assert histogram.amax == sizes.max()
    assert histogram.limit >= histogram.amax
    if histogram.amax:
        assert histogram.limit <= 2 * histogram.amax or histogram.limit == sizes[: len(parts[0])].max()


def test_a_value_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(ValueError, match="not finite"):
        filled([1.0, np.nan])


def test_min_max_takes_the_largest_value() -> None:
    assert choose_amax(filled([0.1, -7.0]), "minmax") == 7.0


def test_percentile_leaves_the_asked_share_out() -> None:
    histogram = filled(np.linspace(0, 1, 10_001), [100.0])
    assert choose_amax(histogram, "percentile", 99.0) == pytest.approx(0.99, abs=2 * histogram.bin_width)


def test_entropy_clips_one_far_value_among_many() -> None:
    values = np.abs(np.random.default_rng(0).standard_normal(200_000))
    amax = choose_amax(filled(values, [50.0]), "entropy")
    assert 2.0 < amax < 10.0


@pytest.mark.parametrize("algorithm", ["entropy", "mse"])
def test_evenly_spread_values_are_not_clipped(algorithm) -> None:
    amax = choose_amax(filled(np.linspace(0, 1, 100_000)), algorithm)
    assert amax == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("algorithm", ["entropy", "mse", "percentile", "minmax"])
def test_a_tensor_of_zeros_has_a_range_above_zero(algorithm) -> None:
    assert choose_amax(filled(np.zeros(100)), algorithm) > 0


def test_divergence_is_zero_when_each_level_holds_one_bin() -> None:
    counts = np.zeros(N_BINS)
    counts[:128] = np.arange(1, 129)
    assert divergence(counts, 128) == pytest.approx(0.0, abs=1e-12)
