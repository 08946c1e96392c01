"""At its default options grouping is as accurate as OpenPose's decoder, on maps that model a network's errors."""

from __future__ import annotations

import sys

import pytest

from edgepose.decode import Grouper
from edgepose.types import Fields


@pytest.fixture(scope="module")
def bench(shared):
    """Generator and scorer of the development data."""
    pytest.importorskip("scipy")
    sys.path.insert(0, str(shared / "bench"))
    try:
        import make_maps
        import metrics
    finally:
        sys.path.remove(str(shared / "bench"))
    return make_maps, metrics


@pytest.mark.parametrize(
    ("height", "width", "n_people", "ap"),
    [(368, 656, 10, 0.758), (368, 656, 30, 0.636), (224, 320, 10, 0.67), (224, 320, 30, 0.39)],
)
def test_accuracy(bench, height, width, n_people, ap):
    make_maps, metrics = bench
    grouper, frames = Grouper(), []
    for seed in range(5):
        scene = make_maps.make(n_people, height, width, 8, seed)
        people = [(pose.keypoints, pose.score) for pose in grouper(Fields(scene["heat"], scene["paf"]))]
        frames.append(metrics.frame_stats(people, scene["gt"], scene["area"], 8))
    summary = metrics.summarise(frames)
    assert summary["AP"] >= ap
    assert summary["false_people"] <= summary["people_gt"] / 50
