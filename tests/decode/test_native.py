"""The native core and the NumPy reference give the same people, whatever the maps hold."""

from __future__ import annotations

import numpy as np
import pytest
from builders import fields_of, lying, sitting, standing
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepose.decode import Grouper, GroupOptions
from edgepose.decode.reference import group_reference
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18, Skeleton
from edgepose.types import Fields

pytest.importorskip("edgepose.decode._native", reason="the native core is not built (pip install -e .)")

OPTIONS = st.builds(
    GroupOptions,
    peak_threshold=st.floats(0, 0.5),
    max_peaks=st.integers(1, 40),
    sample_threshold=st.floats(0, 0.3),
    min_support=st.floats(0, 1),
    reach=st.floats(0, 2),
    min_keypoints=st.integers(1, 6),
    min_score=st.floats(0, 0.3),
)
SEEDS = st.integers(0, 2**32 - 1)


def assert_same_people(fields: Fields, skeleton: Skeleton, options: GroupOptions) -> None:
    native = Grouper(skeleton, options)(fields)
    reference = group_reference(fields, skeleton, options)
    assert len(native) == len(reference)
    for ours, theirs in zip(native, reference, strict=True):
        assert np.allclose(ours.keypoints, theirs.keypoints, rtol=0, atol=1e-4, equal_nan=True)
        assert ours.score == pytest.approx(theirs.score, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 12), OPTIONS, st.sampled_from([2, 4, 8]))
def test_crowds(seed, n_people, options, paf_stride):
    rng = np.random.default_rng(seed)
    figures = (standing, sitting, lying)
    people = [
        figures[rng.integers(3)](tuple(rng.uniform(0, 224, 2)), rng.uniform(30, 200), rng.uniform(0.15, 1))
        for _ in range(n_people)
    ]
    fields = fields_of(people, (160, 224), paf_stride=paf_stride)
    for maps in (fields.heatmaps, fields.pafs):
        maps += rng.normal(0, 0.03, maps.shape).astype(np.float32)
    assert_same_people(fields, BODYPOSENET_18, options)


@settings(max_examples=30, deadline=None)
@given(
    SEEDS, st.tuples(st.integers(1, 23), st.integers(1, 23)), OPTIONS, st.sampled_from([BODYPOSENET_18, TRT_POSE_18])
)
def test_noise_with_holes(seed, hw, options, skeleton):
    rng = np.random.default_rng(seed)
    heatmaps = rng.normal(0, 0.4, (skeleton.n_keypoints + 1, *hw)).astype(np.float32)
    pafs = rng.normal(0, 0.6, (skeleton.n_pafs, *hw)).astype(np.float32)
    for maps in (heatmaps, pafs):
        for hole in (np.nan, np.inf, -np.inf):
            maps[rng.random(maps.shape) < 0.02] = hole
    assert_same_people(Fields(heatmaps, pafs), skeleton, options)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(2, 4), OPTIONS)
def test_ties(seed, levels, options):
    rng = np.random.default_rng(seed)
    heatmaps = rng.integers(0, levels, (19, 6, 17)).astype(np.float32) / levels
    pafs = rng.integers(-1, 2, (38, 6, 17)).astype(np.float32)
    assert_same_people(Fields(heatmaps, pafs), BODYPOSENET_18, options)
