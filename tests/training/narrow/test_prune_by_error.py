"""A network pruned by error costs what was asked for, answers nearly as before, and is trained and exported as any."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

torch = pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from edgepose.cli import main  # noqa: E402
from edgepose.training.narrow.allot import allot, own_widths, price_of, with_widths  # noqa: E402
from edgepose.training.narrow.channel_costs import ChannelCosts, last_maps, unexplained  # noqa: E402
from edgepose.training.narrow.narrower import links  # noqa: E402
from edgepose.training.narrow.prune import PruneOptions, prune  # noqa: E402
from edgepose.training.narrow.prune_by_error import prune_by_error  # noqa: E402
from edgepose.training.network.layers import Conv, convs  # noqa: E402
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork, count_flop  # noqa: E402
from edgepose.training.run.config import load_config  # noqa: E402
from edgepose.training.run.loop import Training  # noqa: E402
from edgepose.training.weights import checkpoint  # noqa: E402

pytestmark = pytest.mark.torch

OPTIONS = NetworkOptions(
    backbone="light",
    refinement="light",
    n_refinements=1,
    width=0.25,
    initial_inner=80,
    initial_head=128,
    refinement_inner=(64, 64, 72, 64, 64),
    norm=False,
)
SMALL = replace(OPTIONS, n_refinements=0)


def network_of(options: NetworkOptions) -> PoseNetwork:
    """Random weights; norms, where there are any, have seen pictures."""
    torch.manual_seed(0)
    network = PoseNetwork(options)
    for layer in convs(network):
        torch.nn.init.kaiming_normal_(layer.conv.weight, nonlinearity="relu")
    network.train()(torch.randn(2, 3, 64, 64))
    return network.eval()


def noise(n: int, hw: tuple[int, int], seed: int = 0) -> list[np.ndarray]:
    """uint8 (H, W, 3): blots of a few pixels."""
    rng = np.random.default_rng(seed)
    return [cv2.GaussianBlur(rng.integers(0, 256, (*hw, 3), np.uint8), (0, 0), 2) for _ in range(n)]


def tensors(n: int, seed: int = 0) -> list[torch.Tensor]:
    return [torch.from_numpy(one).permute(2, 0, 1)[None].float() / 64 - 2 for one in noise(n, (136, 136), seed)]


def gflop(network: PoseNetwork) -> float:
    return count_flop(network, (224, 320)) / 1e9


@torch.no_grad()
def far(network: PoseNetwork, other: PoseNetwork) -> float:
    """How far the other's maps are, on pictures that nobody has seen."""
    unseen = tensors(4, seed=7)
    return unexplained(*([last_maps(one.eval(), picture) for picture in unseen] for one in (network, other)))


@pytest.mark.slow
@pytest.mark.timeout(600)  # some ten seconds of computing, which a busy machine stretches
def test_by_error_is_nearer_than_by_magnitude_at_the_same_cost() -> None:
    pytest.importorskip("torch_pruning")
    network = network_of(replace(OPTIONS, norm=True))
    before = copy.deepcopy(network.state_dict())
    by_size = copy.deepcopy(network)
    prune(by_size, PruneOptions(share=0.2))
    by_error, report = prune_by_error(network, tensors(8), gflop(by_size))
    assert 0.97 * gflop(by_size) < gflop(by_error) <= gflop(by_size) < 0.9 * gflop(network)
    assert (report["before"]["gflop"], report["after"]["gflop"]) == (gflop(network), gflop(by_error))
    assert far(network, by_error) < 0.5 * far(network, by_size)
    assert report["unexplained"] == pytest.approx(far(network, by_error), rel=0.5)
    assert all(n % 8 == 0 and n <= own_widths(network)[option] for option, n in own_widths(by_error).items())
    assert not by_error.options.norm
    assert checkpoint.conv_shapes(by_error) == checkpoint.conv_shapes(PoseNetwork(by_error.options))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.slow
@pytest.mark.timeout(600)  # some ten seconds of computing, which a busy machine stretches
def test_folded_norms_and_nearly_all_channels_give_nearly_the_same_maps() -> None:
    network = network_of(replace(SMALL, norm=True))
    narrow, report = prune_by_error(network, tensors(12), 0.98 * gflop(network))
    assert gflop(narrow) < gflop(network)
    assert far(network, narrow) < 0.05
    assert report["unexplained"] < 0.05


def test_channels_that_cost_nothing_go_first_and_widths_start_at_the_networks_own() -> None:
    network = network_of(OPTIONS)
    costs = []
    for link in links(network):
        steps = torch.arange(link.n_channels - 15.0) * (link.option != "refinement_inner.2")
        costs.append(ChannelCosts(link, torch.arange(link.n_channels), steps, 1.0))
    own = own_widths(network)
    one_block = gflop(PoseNetwork(with_widths(OPTIONS, own | {"refinement_inner.2": 16})))
    assert allot(network, costs, one_block) == own | {"refinement_inner.2": 16}


@pytest.mark.parametrize(
    "changes",
    [{}, {"width": 0.5, "full": True}, {"n_refinements": 0}, {"n_refinements": 2, "width": 0.75}],
    ids=["light", "full", "initial alone", "two refinements"],
)
def test_the_price_of_widths_is_that_of_the_network_they_build(changes: dict[str, Any]) -> None:
    network = PoseNetwork(replace(OPTIONS, **changes))
    widths = {option: max(16, n // 16 * 8) for option, n in own_widths(network).items()}
    built = PoseNetwork(with_widths(network.options, widths))
    assert own_widths(built) == widths
    assert price_of(network)(widths) == count_flop(built, (224, 320)) < count_flop(network, (224, 320))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, picture in enumerate(noise(8, (112, 40))):
        cv2.imwrite(str(folder / f"{i}.png"), picture)
    return folder


def saved(path: Path, options: NetworkOptions) -> Path:
    network = network_of(options)
    checkpoint.save(path, {"network": checkpoint.describe(network), "ema": network.state_dict()})
    return path


def listed(pictures: Path) -> Path:
    """The pictures as a COCO-style list beside their folder."""
    images = [
        {"id": i, "file_name": f"{pictures.name}/{path.name}", "width": 40, "height": 112}
        for i, path in enumerate(sorted(pictures.iterdir()))
    ]
    path = pictures.with_suffix(".json")
    path.write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    return path


@pytest.mark.slow
@pytest.mark.timeout(600)  # some ten seconds of computing, which a busy machine stretches
def test_what_is_printed_trains_the_checkpoint_on_and_it_exports(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    wide, output = saved(pictures.with_name("wide.pt"), SMALL), pictures.with_name("narrow.pt")
    assert main(["prune", str(wide), "-o", str(output), "--pictures", str(listed(pictures)), "--gflop", "1"]) == 0
    report, mark, lines = capsys.readouterr().out.partition("[network]\n")
    assert "solved 6  judged 2" in report
    recipe = pictures.with_name("again.toml")
    recipe.write_text(
        f'{mark}{lines}[data]\nsamples_per_epoch = 2\nsets = [{{annotations = "{listed(pictures)}", '
        + f'images = "{pictures.parent}", labels = "empty"}}]\n'
        + f'[loop]\nstart = "{output}"\nout = "{pictures.with_name("out")}"\nbatch = 1\nbf16 = false\n'
    )
    training = Training(load_config(recipe))
    state = checkpoint.load(output)["ema"]
    assert all(torch.equal(tensor, state[name]) for name, tensor in training.network.state_dict().items())
    assert gflop(training.network) < 1 < gflop(network_of(SMALL))
    assert main(["export", str(output), "-o", str(output.with_suffix(".onnx"))]) == 0


@pytest.mark.parametrize(
    ("changes", "words", "sentence"),
    [
        ({}, "--gflop 2", "--gflop goes with importance error"),
        ({}, "--importance magnitude --pictures PICTURES --gflop 2", "not magnitude"),
        ({}, "--importance error --gflop 2", "give --pictures"),
        ({}, "--pictures PICTURES", "wants --gflop"),
        ({}, "--pictures PICTURES --gflop 2 --share 0.5", "--share has no use with importance error"),
        ({}, "--share 1.5", "between 0 and 1, not 1.5"),
        ({}, "--pictures PICTURES --gflop 9", "GFLOP already, 9 is not less"),
        ({}, "--pictures PICTURES --gflop 0.1", "costs as little as 0.1 GFLOP, the least is"),
        ({"backbone": "vgg"}, "--pictures PICTURES --gflop 2", "light networks only, this one has backbone 'vgg'"),
        ({"refinement": "bodyposenet"}, "--pictures PICTURES --gflop 2", "refinement 'bodyposenet'"),
        ({"residual": True}, "--pictures PICTURES --gflop 2", "adds to them (residual)"),
        ({}, "--pictures PICTURES --gflop 2 --max-pictures 4", "at least 8 pictures to measure with, found 4"),
        ({}, "--pictures nowhere --gflop 2", "cannot read 'nowhere'"),
        ({}, "--pictures CHECKPOINT --gflop 2", "neither a folder of pictures nor a COCO-style list"),
        ({}, "--pictures BROKEN --gflop 2", "mend or replace them"),
        ({}, "--pictures EMPTY --gflop 2", "holds no pictures"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    pictures: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], words: str, sentence: str
) -> None:
    broken, empty = pictures.with_name("broken"), pictures.with_name("empty")
    broken.mkdir()
    empty.mkdir()
    (broken / "0.jpg").write_bytes(b"no picture")
    wide = saved(pictures.with_name("wide.pt"), replace(OPTIONS, **changes))
    places = {"PICTURES": pictures, "BROKEN": broken, "EMPTY": empty, "CHECKPOINT": wide}
    given = [str(places.get(word, word)) for word in words.split()]
    output = pictures.with_name("narrow.pt")
    assert main(["prune", str(wide), "-o", str(output), *given]) == 1
    told = capsys.readouterr().err
    assert sentence in told and len(told.splitlines()) == 1
    assert not output.exists()


def test_a_network_pruned_by_magnitude_is_refused(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = network_of(OPTIONS)
    layer = next(one for one in network.initial.trunks.modules() if isinstance(one, Conv))
    layer[0] = torch.nn.Conv2d(128, 24, 3, padding=1)
    path = pictures.with_name("wide.pt")
    checkpoint.save(path, {"network": checkpoint.describe(network), "ema": network.state_dict()})
    assert main(["prune", str(path), "-o", str(path), "--pictures", str(pictures), "--gflop", "2"]) == 1
    assert "pruned by magnitude or norm" in capsys.readouterr().err
