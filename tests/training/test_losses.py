"""What an error costs: the reference's sum, and the extra weight of what is there."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.losses import LossOptions, stage_losses  # noqa: E402

pytestmark = pytest.mark.torch


def maps(value: float, channels: int) -> torch.Tensor:
    return torch.full((2, channels, 1, 1), value)


def one_loss(options: LossOptions) -> float:
    """Two pictures of one cell; target 0.5 everywhere, seen as 0 everywhere: 0.5 * 6 channels * 0.25 a picture."""
    seen = maps(0.0, 4), maps(0.0, 2)
    (loss,) = stage_losses([seen], maps(0.5, 4), maps(0.5, 2), torch.ones(2, 1, 1, 1), options)
    return float(loss)


def test_half_the_squared_error_summed_over_a_picture() -> None:
    assert one_loss(LossOptions()) == pytest.approx(0.5 * 6 * 0.25)


def test_foreground_weighs_what_is_there_but_not_the_background() -> None:
    assert one_loss(LossOptions(foreground=2.0)) == pytest.approx(0.5 * (5 * 2 + 1) * 0.25)


def test_a_masked_cell_costs_nothing() -> None:
    seen = maps(0.0, 4), maps(0.0, 2)
    (loss,) = stage_losses([seen], maps(1.0, 4), maps(1.0, 2), torch.zeros(2, 1, 1, 1), LossOptions(foreground=1.0))
    assert float(loss) == 0
