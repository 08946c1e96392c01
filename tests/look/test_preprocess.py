"""Pictures reach the network as its contract says, and coordinates come back to where they were."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.errors import ShapeError
from edgepose.look.preprocess import Letterbox, Preprocessor, input_size, split_fields
from edgepose.model import ModelSpec, OutputSpec
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18
from edgepose.types import Pose

SIDE = st.integers(1, 4000)
SPEC = ModelSpec(name="plain", input_hw=(64, 96))
BODYPOSENET = ModelSpec(
    name="tao", input_layout="NHWC", colour="RGB", mean=(128.0,) * 3, scale=(1 / 256,) * 3, input_hw=(64, 96)
)


@given(SIDE, SIDE, st.integers(8, 800), st.integers(8, 800), st.floats(-100, 5000), st.floats(-100, 5000))
def test_there_and_back_is_the_same_pixel(h, w, H, W, x, y):
    box = Letterbox((h, w), (H, W))
    there = box.to_input(np.array([x, y]))
    assert box.to_source(there) == pytest.approx([x, y], abs=1e-6)


@given(SIDE, SIDE, st.integers(8, 800), st.integers(8, 800))
def test_the_picture_is_centred_and_fills_one_side(h, w, H, W):
    box = Letterbox((h, w), (H, W))
    rows, columns = box.content_hw
    assert rows == H or columns == W
    left, top = box.offset_xy
    assert 0 <= (W - columns) - 2 * left <= 1 and 0 <= (H - rows) - 2 * top <= 1


@given(st.integers(64, 1000), st.integers(64, 1000))
def test_aspect_is_kept_to_the_pixel(h, w):
    box = Letterbox((h, w), (256, 256))
    scale = min(256 / h, 256 / w)
    assert np.abs(np.array(box.content_hw) - (h * scale, w * scale)).max() <= 0.5


def test_pixel_centres_scale_as_cv2_resize_does():
    """At half size, input pixel 0 covers source pixels 0 and 1: its centre is between theirs."""
    box = Letterbox((128, 192), (64, 96))
    assert box.to_source(np.array([0.0, 0.0])).tolist() == [0.5, 0.5]
    assert box.to_input(np.array([0.5, 190.5])).tolist() == [0.0, 95.0]


@pytest.mark.parametrize("image_hw", [(480, 640), (1080, 1920), (37, 51), (200, 100), (64, 96)])
def test_a_spot_in_the_picture_is_where_the_letterbox_says(image_hw):
    h, w = image_hw
    image = np.zeros((h, w, 3), np.uint8)
    x, y, radius = w * 0.6, h * 0.3, max(2, h // 12)
    cv2.circle(image, (round(x), round(y)), radius, (255, 255, 255), -1)
    rows, columns = np.nonzero(image[..., 0])
    tensor, box = Preprocessor(SPEC, (64, 96)).prepare(image)
    bright = np.where(tensor[0] == SPEC.pad_value, 0, tensor[0])
    left, top = box.offset_xy
    bright[:top] = bright[:, :left] = 0
    found = np.array([(bright.sum(0) @ np.arange(96)), (bright.sum(1) @ np.arange(64))]) / bright.sum()
    assert found == pytest.approx(box.to_input(np.array([columns.mean(), rows.mean()])), abs=0.25)


def test_around_the_picture_is_grey():
    tensor, box = Preprocessor(SPEC, (64, 96)).prepare(np.zeros((64, 32, 3), np.uint8))
    left = box.offset_xy[0]
    assert left == 32
    assert (tensor[:, :, :left] == 128).all() and (tensor[:, :, left + 32 :] == 128).all()
    assert (tensor[:, :, left : left + 32] == 0).all()


def test_padding_is_grey_again_after_a_picture_of_another_shape():
    preprocessor = Preprocessor(SPEC, (64, 96))
    preprocessor.prepare(np.zeros((64, 96, 3), np.uint8))
    tensor, _ = preprocessor.prepare(np.zeros((64, 32, 3), np.uint8))
    assert (tensor[:, :, :32] == 128).all()


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("colour", ["BGR", "RGB"])
def test_colour_order_mean_and_scale_are_the_contracts(layout, colour):
    spec = ModelSpec(
        name="m", input_layout=layout, colour=colour, mean=(10.0, 20.0, 30.0), scale=(0.5, 0.25, 2.0), input_hw=(64, 96)
    )
    image = np.full((64, 96, 3), (50, 100, 200), np.uint8)
    tensor, _ = Preprocessor(spec, (64, 96)).prepare(image)
    ordered = (50, 100, 200) if colour == "BGR" else (200, 100, 50)
    wanted = (np.array(ordered) - spec.mean) * spec.scale
    pixel = tensor[:, 5, 7] if layout == "NCHW" else tensor[5, 7]
    assert tensor.dtype == np.float32
    assert pixel == pytest.approx(wanted)


def test_a_place_in_a_batch_is_written_in_place():
    batch = np.zeros((2, 3, 64, 96), np.float32)
    tensor, _ = Preprocessor(SPEC, (64, 96)).prepare(np.full((64, 96, 3), 9, np.uint8), out=batch[1])
    assert np.shares_memory(tensor, batch)
    assert (batch[1] == 9).all() and (batch[0] == 0).all()


def test_a_tensor_is_not_overwritten_by_the_next_picture():
    preprocessor = Preprocessor(BODYPOSENET, (64, 96))
    first, _ = preprocessor.prepare(np.full((64, 96, 3), 128, np.uint8))
    preprocessor.prepare(np.full((64, 96, 3), 255, np.uint8))
    assert (first == 0).all()


def test_thin_lines_of_a_large_picture_do_not_vanish():
    image = np.zeros((1024, 1536, 3), np.uint8)
    image[:, 6::16] = 255  # 2 px wide, every 16; bilinear sampling alone at 1/16 would miss them
    image[:, 7::16] = 255
    tensor, _ = Preprocessor(SPEC, (64, 96)).prepare(image)
    assert tensor.mean() == pytest.approx(255 / 8, rel=0.05)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
    ids=["grey", "BGRA", "float", "empty"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ShapeError, match=r"uint8 \(H, W, 3\) BGR"):
        Preprocessor(SPEC, (64, 96)).prepare(image)


def test_a_size_that_the_network_cannot_take_is_refused():
    with pytest.raises(ShapeError, match="multiples of 8, got 64x90"):
        Preprocessor(SPEC, (64, 90))


@pytest.mark.parametrize(
    ("image_hw", "height", "expected"),
    [((480, 640), 256, (256, 344)), ((1080, 1920), 256, (256, 456)), ((640, 480), 256, (256, 192)),
     ((480, 640), 250, (248, 336)), ((10, 4000), 64, (64, 256)), ((4000, 10), 64, (64, 8))],
)  # fmt: skip
def test_input_size_keeps_the_aspect(image_hw, height, expected):
    assert input_size(image_hw, height) == expected


def test_poses_come_back_in_the_users_keypoint_order():
    order = TRT_POSE_18.mapping_to(BODYPOSENET_18)
    box = Letterbox((100, 100), (50, 50), order)
    keypoints = np.array([(k, k, 0.5) for k in range(18)], np.float32)
    (pose,) = box.poses_to_source([Pose(keypoints, 0.5)])
    assert pose.keypoints[BODYPOSENET_18.index("neck"), 0] == (TRT_POSE_18.index("neck") + 0.5) * 2 - 0.5
    assert pose.keypoints[BODYPOSENET_18.index("l_ankle"), 0] == (TRT_POSE_18.index("l_ankle") + 0.5) * 2 - 0.5


def test_absent_keypoints_stay_absent():
    keypoints = np.full((18, 3), (np.nan, np.nan, 0), np.float32)
    (pose,) = Letterbox((100, 100), (50, 50)).poses_to_source([Pose(keypoints, 0.0)])
    assert np.isnan(pose.keypoints[:, :2]).all() and not pose.found.any()


def test_fields_are_cut_from_one_tensor_and_own_their_memory():
    both = np.arange(2 * 57 * 4 * 6, dtype=np.float32).reshape(2, 57, 4, 6)
    spec = ModelSpec(
        name="openpose",
        heatmaps=OutputSpec(name="net_output", channels=(38, 57)),
        pafs=OutputSpec(name="net_output", channels=(0, 38)),
    )
    first, second = split_fields(spec, [both, both])
    assert (first.pafs == both[0, :38]).all() and (second.heatmaps == both[1, 38:]).all()
    assert not np.shares_memory(first.pafs, both)


def test_channels_last_become_channels_first():
    heatmaps, pafs = np.random.default_rng(1).random((1, 4, 6, 19)), np.zeros((1, 16, 24, 38), np.float32)
    spec = ModelSpec(
        name="tao", heatmaps=OutputSpec(name="h", layout="NHWC"), pafs=OutputSpec(name="p", layout="NHWC", stride=2)
    )
    (fields,) = split_fields(spec, [heatmaps, pafs])
    assert fields.heatmaps.shape == (19, 4, 6) and fields.heatmaps.flags.c_contiguous
    assert fields.heatmaps[3] == pytest.approx(heatmaps[0, ..., 3])
    assert fields.paf_stride == 2


def test_too_few_channels_are_told_with_both_shapes():
    with pytest.raises(ShapeError, match=r"at least 18 heatmaps and 38 PAFs.*\(1, 17, 4, 6\)"):
        split_fields(SPEC, [np.zeros((1, 17, 4, 6)), np.zeros((1, 38, 4, 6))])
