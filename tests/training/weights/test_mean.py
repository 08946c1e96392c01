"""Means of checkpoints, and stronger maps."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from edgepose.errors import ModelError  # noqa: E402
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork  # noqa: E402
from edgepose.training.weights import checkpoint  # noqa: E402
from edgepose.training.weights.mean import mean_of, strengthen  # noqa: E402

pytestmark = pytest.mark.torch

OPTIONS = NetworkOptions(
    backbone="light", refinement="light", n_refinements=1, refinement_inner=16, width=0.25, initial_head=32, norm=False
)


def saved(path: Path, value: float, options: NetworkOptions = OPTIONS) -> Path:
    """A checkpoint whose every weight is this value."""
    network = PoseNetwork(options)
    state = {name: torch.full_like(tensor, value) for name, tensor in network.state_dict().items()}
    checkpoint.save(path, {"network": checkpoint.describe(network), "ema": state})
    return path


def test_shares_are_brought_to_a_sum_of_one(tmp_path: Path) -> None:
    parts = [(1.0, saved(tmp_path / "a.pt", 1.0)), (3.0, saved(tmp_path / "b.pt", 5.0))]
    assert all(torch.allclose(weight, torch.tensor(4.0)) for weight in mean_of(parts).state_dict().values())


def test_another_network_is_named(tmp_path: Path) -> None:
    import msgspec

    wider = msgspec.structs.replace(OPTIONS, refinement_inner=24)
    parts = [(0.5, saved(tmp_path / "a.pt", 1.0)), (0.5, saved(tmp_path / "wider.pt", 1.0, wider))]
    with pytest.raises(ModelError, match=r"wider\.pt"):
        mean_of(parts)


@pytest.mark.parametrize("parts", [[], [(0.0, Path("a.pt"))]])
def test_a_mean_of_nothing_is_refused(parts: list[tuple[float, Path]]) -> None:
    with pytest.raises(ModelError, match="at least one"):
        mean_of(parts)


@pytest.mark.parametrize("residual", [False, True])
def test_the_gain_multiplies_what_the_network_gives_but_not_the_background(residual: bool) -> None:
    import msgspec

    torch.manual_seed(0)
    network = PoseNetwork(msgspec.structs.replace(OPTIONS, residual=residual)).eval()
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        pafs, heatmaps = network(picture)
        strengthen(network, 1.5)
        stronger_pafs, stronger_heatmaps = network(picture)
    if not residual:  # in a residual network the second stage reads the stronger maps of the first
        torch.testing.assert_close(stronger_pafs, 1.5 * pafs)
        torch.testing.assert_close(stronger_heatmaps[:, :-1], 1.5 * heatmaps[:, :-1])
        torch.testing.assert_close(stronger_heatmaps[:, -1], heatmaps[:, -1])
    else:
        assert not torch.allclose(stronger_pafs, pafs)
