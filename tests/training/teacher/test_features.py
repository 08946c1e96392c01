"""A backbone held to its teacher's features."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from edgepose.errors import ModelError  # noqa: E402
from edgepose.training.narrow.narrower import open_whole  # noqa: E402
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork  # noqa: E402
from edgepose.training.teacher.features import FeatureMatch  # noqa: E402
from edgepose.training.weights import checkpoint  # noqa: E402
from edgepose.training.weights.export import export  # noqa: E402

pytestmark = pytest.mark.torch
WHOLE = NetworkOptions(backbone="light", refinement="light", n_refinements=1, norm=False)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An export of the teacher's shape."""
    torch.manual_seed(0)
    path: Path = tmp_path_factory.mktemp("teacher") / "whole.onnx"
    export(PoseNetwork(WHOLE), path)
    return str(path)


def test_the_teacher_itself_owes_nothing_and_another_network_does(teacher: str) -> None:
    torch.manual_seed(1)
    images = torch.randn(2, 3, 64, 64)
    owed = {}
    for name, network in (("itself", open_whole(teacher)), ("another", PoseNetwork(WHOLE))):
        match = FeatureMatch(network, teacher)
        network(images)
        owed[name] = match.loss(images).item()
    assert owed["itself"] < 1e-6
    assert owed["another"] > 1


def test_a_share_of_the_crops_owes_what_those_crops_owe(teacher: str) -> None:
    torch.manual_seed(3)
    network, images = PoseNetwork(WHOLE), torch.randn(4, 3, 64, 64)
    match = FeatureMatch(network, teacher)
    network(images)
    half = match.loss(images, 0.5).item()
    network(images[2:])
    assert half == pytest.approx(match.loss(images[2:]).item(), rel=1e-4)


def test_without_its_refinement_the_initial_stage_has_the_last_word(teacher: str) -> None:
    images = torch.randn(1, 3, 64, 64)
    whole, cut = open_whole(teacher), open_whole(teacher, 0)
    with torch.no_grad():
        pafs, heatmaps = whole.initial(whole.backbone(images))
        given = cut(images)
    assert cut.options.n_refinements == 0
    assert torch.equal(given[0], pafs) and torch.equal(given[1], heatmaps)


def test_features_are_learned(teacher: str) -> None:
    torch.manual_seed(2)
    network = PoseNetwork(WHOLE).train()
    match = FeatureMatch(network, teacher)
    optimiser = torch.optim.Adam(network.backbone.parameters(), 1e-3)
    images = torch.randn(2, 3, 64, 64)
    losses = []
    for _ in range(8):
        network(images)
        losses.append(match.loss(images))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.9 * losses[0]


def test_a_teacher_with_other_features_is_refused(teacher: str) -> None:
    vgg = PoseNetwork(NetworkOptions(n_refinements=0))
    vgg.backbone = torch.nn.Conv2d(3, 96, 8, 8)
    with pytest.raises(ModelError, match="96 features, the teacher's 128"):
        FeatureMatch(vgg, teacher)


def test_checkpoints_do_not_carry_the_teacher(teacher: str, tmp_path: Path) -> None:
    network = PoseNetwork(WHOLE)
    names = set(network.state_dict())
    FeatureMatch(network, teacher)
    assert set(network.state_dict()) == names
    checkpoint.save(tmp_path / "c.pt", {"network": checkpoint.describe(network), "ema": network.state_dict()})
    assert checkpoint.load(tmp_path / "c.pt")["ema"].keys() == names
