"""Least squares finds the layer that is there to be found, and narrows a network with little loss."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.layers import Conv  # noqa: E402
from edgepose.training.refit import LayerPair, importance, refit, solve_pointwise  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def repeatable() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("teacher", "student"),
    [
        (Conv(6, 5, 3), Conv(6, 5, 3)),
        (Conv(6, 6, 3, groups=6), Conv(6, 6, 3, groups=6)),
        (Conv(6, 5, 1), Conv(6, 5, 1)),
    ],
    ids=["3x3", "depthwise", "pointwise"],
)
def test_a_layer_of_the_same_shape_becomes_the_teachers(teacher: Conv, student: Conv) -> None:
    pictures = [torch.randn(1, 6, 40, 40) for _ in range(3)]
    left = refit(
        lambda: [student(picture) for picture in pictures],
        lambda: [teacher(picture) for picture in pictures],
        [LayerPair(student, teacher)],
    )
    assert left[0] < 1e-3
    assert torch.allclose(student.conv.weight, teacher.conv.weight, atol=0.02)


def test_a_shift_is_added_to_what_is_wanted() -> None:
    teacher, student = Conv(3, 4, 1), Conv(3, 4, 1)
    pictures = [torch.randn(1, 3, 30, 30)]
    refit(
        lambda: [student(picture) for picture in pictures],
        lambda: [teacher(picture) for picture in pictures],
        [LayerPair(student, teacher, shift=0.7)],
    )
    assert torch.allclose(student.conv.bias, teacher.conv.bias + 0.7, atol=1e-2)


def test_the_channels_that_matter_are_kept() -> None:
    first, second = Conv(3, 8, 1), Conv(8, 4, 1)
    with torch.no_grad():
        second.conv.weight[:, [1, 4, 6]] = 0  # nobody listens to these
    order = importance(first, second, lambda: second(first(torch.randn(1, 3, 20, 20)))).argsort()
    assert set(order[:3].tolist()) == {1, 4, 6}


def test_a_pointwise_layer_is_solved_from_maps() -> None:
    layer = Conv(5, 2, 1, relu=False)
    inputs = [torch.randn(1, 5, 12, 9) for _ in range(4)]
    true = Conv(5, 2, 1, relu=False)
    with torch.no_grad():
        solve_pointwise(layer.conv, inputs, [true(x) for x in inputs])
    assert torch.allclose(layer.conv.weight, true.conv.weight, atol=0.02)
