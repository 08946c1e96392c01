"""Least squares finds the layer that is there to be found, and narrows a network with little loss."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.layers import Conv  # noqa: E402
from edgepose.training.refit import LayerPair, collect, refit  # noqa: E402

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


def test_rows_of_two_layers_of_the_same_picture_belong_together() -> None:
    first, second = Conv(3, 4, 3, relu=False), Conv(4, 2, 1)
    picture = torch.randn(1, 3, 30, 20)
    found = collect(lambda: second(first(picture)), [first, second], n_rows=50)
    assert [len(rows) for pair in found.values() for rows in pair] == [50] * 4
    assert torch.equal(found[first][1], found[second][0])
