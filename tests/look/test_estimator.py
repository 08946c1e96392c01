"""PoseEstimator is a picture in and people out, with an end."""

from __future__ import annotations

import numpy as np
import pytest
from networks import EXPORTS, one_person, picture, write_export

from edgepose import PoseEstimator
from edgepose.backends import BackendOptions
from edgepose.errors import ClosedError, ModelError, ShapeError
from edgepose.model import ModelSpec
from edgepose.sources import open_source

HW = (256, 320)
REPLAY = BackendOptions(name="replay")
F32 = BackendOptions(name="openvino", precision="f32")


@pytest.fixture
def model(tmp_path):
    pytest.importorskip("onnx")
    return write_export(tmp_path / "pose.onnx", EXPORTS["trt_pose"], HW, [one_person()])


def test_keypoints_are_18_in_our_order_and_in_pixels_of_the_picture(model):
    pytest.importorskip("openvino")
    with PoseEstimator(model, backend=BackendOptions(name="openvino", precision="f32"), height=256) as estimator:
        (pose,) = estimator(picture((512, 640)))
    assert pose.keypoints.shape == (18, 3) and pose.keypoints.dtype == np.float32
    neck = (one_person()[1, :2] + 0.5) * 2 - 0.5
    assert pose.keypoints[1, :2] == pytest.approx(neck, abs=3)


def test_the_height_decides_the_size_of_the_input(model):
    sizes = []

    class Watching:
        spec = ModelSpec(name="watching", input_hw=(256, 456))
        info = None

        def infer(self, batch):
            sizes.append(batch.shape)
            return [np.zeros((1, 19, batch.shape[2] // 8, batch.shape[3] // 8), np.float32),
                    np.zeros((1, 38, batch.shape[2] // 8, batch.shape[3] // 8), np.float32)]  # fmt: skip

        def close(self):
            pass

    for height in (None, 128):
        PoseEstimator(Watching(), height=height)(picture((480, 640)))
    assert sizes == [(1, 3, 256, 344), (1, 3, 128, 176)]


def test_a_height_that_a_fixed_network_cannot_take_is_refused(tmp_path):
    pytest.importorskip("onnx")
    fixed = write_export(tmp_path / "fixed.onnx", EXPORTS["openpose"], HW, [], fixed=True)
    with pytest.raises(ModelError, match="takes pictures of 256x320 only, not of height 368"):
        PoseEstimator(fixed, backend=REPLAY, height=368)


def test_pictures_of_different_sizes_may_follow_one_another(model):
    with PoseEstimator(model, backend=REPLAY) as estimator:
        for hw in ((480, 640), (640, 480), (32, 900), (1, 1)):
            assert estimator(picture(hw)) == []


def test_what_is_no_picture_is_refused(model):
    with PoseEstimator(model, backend=REPLAY) as estimator, pytest.raises(ShapeError, match="uint8"):
        estimator(np.zeros((4, 4, 3), np.float32))


def test_closing_twice_is_fine_and_using_it_closed_says_so(model):
    estimator = PoseEstimator(model, backend=REPLAY)
    estimator.close()
    estimator.close()
    with pytest.raises(ClosedError, match="was closed"):
        estimator(picture((48, 64)))


def test_a_batch_is_what_the_pictures_are_one_by_one_in_their_order():
    """Three shapes among eleven pictures of people drawn by hand, so that batches are full, cut short and mixed."""
    pytest.importorskip("openvino")
    scene = open_source("synthetic://?people=2&width=320&height=240&frames=9")
    pictures = [scene.read().image for _ in range(9)]
    pictures[2], pictures[5] = pictures[2][:, 60:260], np.ascontiguousarray(pictures[5][:200])
    with PoseEstimator("edgepose-nano", backend=F32, height=128, min_score=0.0) as estimator:
        together = estimator.batch(iter(pictures))
        alone = [estimator(one) for one in pictures]
    assert [len(poses) for poses in together] == [len(poses) for poses in alone]
    assert sum(map(len, alone)) > 0
    for pair in zip(together, alone, strict=True):
        for one, other in zip(*pair, strict=True):
            assert one.keypoints == pytest.approx(other.keypoints, abs=0.05, nan_ok=True)


def test_a_batch_of_nothing_is_nothing(model):
    with PoseEstimator(model, backend=REPLAY) as estimator:
        assert estimator.batch([]) == []


def test_a_higher_score_keeps_fewer_people(model):
    pytest.importorskip("openvino")
    found = []
    for min_score in (0.0, 1.0):
        with PoseEstimator(model, backend="openvino", height=256, min_score=min_score) as estimator:
            found.append(len(estimator(picture((512, 640)))))
    assert found == [1, 0]


@pytest.mark.parametrize("wish", [{"min_score": 1.5}, {"min_score": "high"}, {"height": -3}, {"height": 0}])
def test_a_wish_beyond_its_bounds_is_refused_in_one_sentence(model, wish):
    with pytest.raises(ValueError, match=next(iter(wish))) as refused:
        PoseEstimator(model, backend=REPLAY, **wish)
    assert "\n" not in str(refused.value)
