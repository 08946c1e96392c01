"""The compiled core, called past its Python face: what it cannot work with is a ValueError, never the process's end."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.decode.grouper import native_core
from edgepose.decode.options import GroupOptions
from edgepose.skeleton import BODYPOSENET_18

native = pytest.importorskip("edgepose.decode._native", reason="the native core is not built")

RANDOM = np.random.default_rng(0)
HEATMAPS = RANDOM.random((19, 8, 8), np.float32)
PAFS = RANDOM.random((38, 8, 8), np.float32)
UNALIGNED = np.frombuffer(b"-" + PAFS.tobytes(), np.uint8)[1:].view(np.float32).reshape(PAFS.shape)
OPTIONS = {"peak_threshold": 0.1, "max_peaks": 64, "sample_threshold": 0.05, "max_misses": 2, "reach": 1.1}
OPTIONS |= {"min_keypoints": 4, "min_score": 0.1}


@pytest.mark.parametrize(
    ("heatmaps", "pafs", "heatmap_stride", "paf_stride"),
    [
        (HEATMAPS, PAFS, 1e39, 1e39),
        (HEATMAPS, PAFS, 8, 1e-300),
        (HEATMAPS, PAFS, float("nan"), 8),
        (HEATMAPS, PAFS, 8, -8),
        (HEATMAPS[:17], PAFS, 8, 8),
        (HEATMAPS, PAFS[:37], 8, 8),
        (HEATMAPS[0], PAFS, 8, 8),
        (HEATMAPS[:, :0], PAFS, 8, 8),
        (HEATMAPS, np.zeros((38, 1, 16_385), np.float32), 8, 8),
        (HEATMAPS, UNALIGNED, 8, 8),
    ],
    ids=[
        "huge stride",
        "tiny stride",
        "no number",
        "negative",
        "too few heatmaps",
        "too few pafs",
        "flat",
        "empty",
        "too wide",
        "unaligned",
    ],
)
def test_fields_beyond_its_bounds_are_refused(heatmaps, pafs, heatmap_stride, paf_stride):
    core = native_core(BODYPOSENET_18, GroupOptions())
    with pytest.raises(ValueError, match=r"must be|lack"):
        core.group(heatmaps, pafs, heatmap_stride, paf_stride)


@pytest.mark.parametrize(
    ("n_keypoints", "limbs", "reach"),
    [
        (0, [], []),
        (-1, [], []),
        (100_000, [], []),
        (2, [0, 1, 0], [1.0] * 4),
        (2, [0, 2, 0, 1], [1.0] * 4),
        (2, [0, 1, -1, 1], [1.0] * 4),
        (2, [0, 1, 0, 1], [1.0] * 3),
        (2, [0, 1, 0, 1], [1.0, float("nan"), 1.0, 1.0]),
    ],
    ids=["no keypoint", "minus one", "too many", "short row", "no such keypoint", "no such channel", "reach", "nan"],
)
def test_a_skeleton_that_points_outside_is_refused(n_keypoints, limbs, reach):
    with pytest.raises(ValueError, match="must"):
        native.Grouper(n_keypoints, limbs, reach, native.Options(**OPTIONS))


@pytest.mark.parametrize(
    "change",
    [
        {"max_peaks": 0},
        {"max_peaks": 1025},
        {"peak_threshold": -1.0},
        {"sample_threshold": float("nan")},
        {"reach": float("inf")},
    ],
    ids=str,
)
def test_options_beyond_its_bounds_are_refused(change):
    with pytest.raises(ValueError, match="must"):
        native.Options(**OPTIONS | change)


@pytest.mark.parametrize("strides", [(1 / 64, 1 / 64), (4096, 4096)], ids=["smallest", "largest"])
def test_at_its_bounds_it_works(strides):
    keypoints, scores = native_core(BODYPOSENET_18, GroupOptions()).group(HEATMAPS, PAFS, *strides)
    assert len(keypoints) == len(scores) and np.isfinite(keypoints[..., :2][keypoints[..., 2] > 0]).all()
