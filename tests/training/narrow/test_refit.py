"""Least squares finds the layer that is there to be found, and narrows a network with little loss."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.narrow import refit as refit_module  # noqa: E402
from edgepose.training.narrow.refit import LayerPair, collect, refit  # noqa: E402
from edgepose.training.network.layers import Conv, Residual  # noqa: E402

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


def network(n: int) -> torch.nn.Sequential:
    torch.manual_seed(n)
    branch = Residual(Conv(8, n), Conv(n, 8, dilation=2))
    return torch.nn.Sequential(Conv(3, 8, stride=2), branch, Conv(8, 4, 1, relu=False)).eval()


def test_layers_are_computed_twice_each_and_solved_as_if_all_were_computed_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    teacher, students = network(8), [network(5), network(5)]
    pictures = [torch.randn(1, 3, 21, 24 + 8 * i) for i in range(3)]
    computed: list[torch.nn.Module] = []
    compute = torch.nn.Conv2d._conv_forward

    def counted(conv: torch.nn.Conv2d, *args: object) -> torch.Tensor:
        computed.append(conv)
        return compute(conv, *args)

    monkeypatch.setattr(torch.nn.Conv2d, "_conv_forward", counted)
    for student in students:
        convs = [[layer for layer in one.modules() if isinstance(layer, Conv)] for one in (student, teacher)]
        keep = [None, torch.arange(5), None, None]
        pairs = [LayerPair(own, other, kept) for own, other, kept in zip(*convs, keep, strict=True)]
        refit(
            lambda student=student: [student(one) for one in pictures],
            lambda: [teacher(one) for one in pictures],
            pairs,
        )
        monkeypatch.setattr(refit_module, "InOrder", lambda _: nullcontext(SimpleNamespace(reach=lambda: None)))
    fast, slow = ([layer for layer in one.modules() if isinstance(layer, torch.nn.Conv2d)] for one in students)
    assert [computed.count(conv) for conv in fast] == [6, 6, 6, 3]
    assert [computed.count(conv) for conv in slow] == [12] * 4
    assert all(torch.equal(a.weight, b.weight) and torch.equal(a.bias, b.bias) for a, b in zip(fast, slow, strict=True))
    assert all(torch.equal(students[0](one), students[1](one)) for one in pictures)
