"""A picture is scaled with the kernel that the network's contract names, at run time and in training."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.look.preprocess import Preprocessor
from edgepose.look.resize import resized
from edgepose.model import Kernel, ModelSpec
from edgepose.types import Image

KERNELS: tuple[Kernel, ...] = ("linear", "area", "halving", "cubic")


def bright_column(width: int, column: int, value: int = 240) -> Image:
    """Black, uint8 (width, width, 3), with one bright column."""
    image = np.zeros((width, width, 3), np.uint8)
    image[:, column] = value
    return image


@pytest.mark.parametrize(
    ("kernel", "wanted"),
    [
        ("linear", [0, 240, 0, 0]),  # the centre of pixel 1 is 1.5 * 3 - 0.5 = 4: that column alone is seen
        ("area", [0, 80, 0, 0]),  # the mean of columns 3, 4 and 5
        ("halving", [0, 90, 0, 0]),  # pairs give 0 0 120 0 0 0; centre 1.75 takes a quarter of 0, three of 120
        ("cubic", [0, 240, 0, 0]),  # as linear, on a column
    ],
)
def test_a_third_of_the_size(kernel: Kernel, wanted: list[int]) -> None:
    assert resized(bright_column(12, 4), (4, 4), kernel)[0, :, 0].tolist() == wanted


def test_cubic_sharpens_where_it_samples_between_pixels() -> None:
    """Centre 4.5: Keys' kernel with a = -0.75 weighs its neighbours .59375, bilinear a half."""
    assert resized(bright_column(12, 4), (6, 6), "cubic")[0, 2, 0] == round(240 * 0.59375)
    assert resized(bright_column(12, 4), (6, 6), "linear")[0, 2, 0] == 120


@pytest.mark.parametrize("kernel", KERNELS)
def test_enlarging_is_smooth_with_every_kernel(kernel: Kernel) -> None:
    large = resized(bright_column(8, 3), (32, 32), kernel)[0, :, 0].astype(int)
    assert np.abs(np.diff(large)).max() < 110  # repeated pixels would step by 240


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_network_sees_what_its_contract_says(kernel: Kernel) -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 144, 3), np.uint8)
    spec = ModelSpec(name="m", resize=kernel, input_layout="NHWC", input_hw=(32, 48))
    tensor, _ = Preprocessor(spec, (32, 48)).prepare(image)
    assert np.array_equal(tensor, resized(image, (48, 32), kernel))


def test_pictures_of_changing_sizes_do_not_see_one_another() -> None:
    random = np.random.default_rng(0)
    preprocessor = Preprocessor(ModelSpec(name="m", input_layout="NHWC", input_hw=(32, 48)), (32, 48))
    for side in (160, 320, 200, 160):
        image = random.integers(0, 256, (side, side * 3 // 2, 3), np.uint8)
        assert np.array_equal(preprocessor.prepare(image)[0], resized(image, (48, 32), "halving"))
