"""PoseEstimator is a picture in and people out, with an end."""

from __future__ import annotations

import numpy as np
import pytest
from networks import EXPORTS, one_person, picture, write_export

from edgepose import PoseEstimator
from edgepose.backends import BackendOptions
from edgepose.errors import ClosedError, ModelError, ShapeError
from edgepose.model import ModelSpec

HW = (256, 320)
REPLAY = BackendOptions(name="replay")


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
