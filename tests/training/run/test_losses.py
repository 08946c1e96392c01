"""What an error costs: the reference's sum, and the extra weight of what is there."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.run.losses import LossOptions, stage_losses  # noqa: E402

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


def test_heatmaps_may_weigh_more_than_pafs() -> None:
    assert one_loss(LossOptions(heatmaps=3.0)) == pytest.approx(0.5 * (4 + 3 * 2) * 0.25)


def loss_of_row(seen: list[float], wanted: list[float], mask: list[float], **options: float) -> float:
    """One keypoint's heatmap of one row of cells; PAFs are right."""
    row = [torch.tensor(values).view(1, 1, 1, -1) for values in (seen, wanted, mask)]
    pafs = torch.zeros(1, 2, 1, len(seen))
    heatmaps = [torch.cat((values, torch.zeros_like(values)), 1) for values in row[:2]]
    (loss,) = stage_losses([(pafs, heatmaps[0])], pafs, heatmaps[1], row[2], LossOptions(**options))
    return float(loss)


def test_slopes_cost_a_moved_peak_but_not_a_lifted_map() -> None:
    lifted = loss_of_row([0.5, 1.5, 0.5], [0, 1, 0], [1, 1, 1], slopes=2.0)
    moved = loss_of_row([0, 0, 1], [0, 1, 0], [1, 1, 1], slopes=2.0)
    assert lifted == pytest.approx(0.5 * 3 * 0.25)
    assert moved == pytest.approx(0.5 * (2 + 2.0 * (1 + 4)))


def test_slopes_across_a_masked_cell_cost_nothing() -> None:
    assert loss_of_row([0, 0, 1], [0, 0, 0], [1, 1, 0], slopes=2.0) == 0


def test_slopes_weigh_what_the_lighter_cell_does() -> None:
    assert loss_of_row([0, 0], [0, 1], [1, 1], slopes=2.0, foreground=4.0) == pytest.approx(0.5 * (5 + 2.0 * 1))
