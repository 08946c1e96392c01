"""Channels that the next layer can do without are found, and what their loss costs is told exactly."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.narrow.eliminate import eliminate  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def repeatable() -> None:
    torch.manual_seed(0)


def test_channels_nobody_listens_to_go_first() -> None:
    X = torch.randn(500, 8, 1)
    weights = torch.randn(8, 4)
    weights[[1, 4, 6]] = 0
    order, errors = eliminate(X, X[..., 0] @ weights, 4)
    assert set(order[:3].tolist()) == {1, 4, 6}
    assert errors[3] < 1e-2 < errors[4]


def test_of_two_channels_that_say_the_same_one_goes_however_large() -> None:
    X = torch.randn(500, 6, 1)
    X[:, 2] = 5 * X[:, 3] + 0.01 * torch.randn(500, 1)
    order, errors = eliminate(X, X[..., 0] @ torch.randn(6, 4), 5)
    assert int(order[0]) in {2, 3}
    assert errors[1] < 1e-2


def test_the_error_is_that_of_the_best_layer_on_what_is_left() -> None:
    X = torch.randn(2000, 10, 9)
    Y = X.flatten(1) @ torch.randn(90, 5)
    order, errors = eliminate(X, Y, 6)
    left, wanted = X[:, order[-6:]].flatten(1), Y - Y.mean(0)
    left = left - left.mean(0)
    missed = wanted - left @ torch.linalg.lstsq(left, wanted).solution
    assert float(missed.var(0).sum() / wanted.var(0).sum()) == pytest.approx(float(errors[-1]), abs=0.01)
    assert sorted(order.tolist()) == list(range(10))
