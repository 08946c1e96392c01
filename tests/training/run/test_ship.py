"""From checkpoint to file: pruning, export and its parity, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from edgepose.cli import main  # noqa: E402
from edgepose.errors import ModelError  # noqa: E402
from edgepose.model import load_spec  # noqa: E402
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork, count_flop  # noqa: E402
from edgepose.training.weights import checkpoint  # noqa: E402
from edgepose.training.weights.export import parse_size  # noqa: E402

pytestmark = pytest.mark.torch

OPTIONS = NetworkOptions(backbone="light", refinement="light", n_refinements=1, refinement_inner=32, width=0.5)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = PoseNetwork(OPTIONS)
    network.train()(torch.randn(2, 3, 64, 64))  # norm statistics that folding must carry over
    state = network.state_dict()
    path = tmp_path / "last.pt"
    checkpoint.save(path, {"network": checkpoint.describe(network), "model": state, "ema": state})
    return path


def test_an_export_answers_as_the_checkpoint_at_two_sizes(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = saved.with_name("pose.onnx")
    assert main(["export", str(saved), "-o", str(output), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["parity"]) == 2
    assert all(max(one["heatmaps"], one["pafs"]) < 0.01 for one in report["parity"])
    model = onnx.load(str(output))
    assert model.ir_version <= 8 and model.opset_import[0].version <= 17
    assert not any(node.op_type == "BatchNormalization" for node in model.graph.node)
    weights = {tensor.name for tensor in model.graph.initializer}
    assert all(node.input[0] in weights for node in model.graph.node if node.op_type == "Cast")
    assert load_spec(output).heatmaps.name == "heatmaps"


def test_float16_storage_halves_the_file(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half, full = saved.with_name("half.onnx"), saved.with_name("full.onnx")
    assert main(["export", str(saved), "-o", str(half)]) == 0
    assert main(["export", str(saved), "-o", str(full), "--full-precision"]) == 0
    assert half.stat().st_size < 0.6 * full.stat().st_size


def test_pruning_takes_filters_and_a_checkpoint_remembers(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch_pruning")
    output = saved.with_name("pruned.pt")
    assert main(["prune", str(saved), "-o", str(output), "--share", "0.3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["after"]["gflop"] < 0.85 * report["before"]["gflop"]
    content = checkpoint.load(output)
    network = checkpoint.rebuild(content["network"], content["ema"]).eval()
    assert count_flop(network, (224, 320)) / 1e9 == pytest.approx(report["after"]["gflop"])
    pafs, heatmaps = network(torch.zeros(1, 3, 64, 64))
    assert pafs.shape[1] == 38 and heatmaps.shape[1] == 19
    widths = [layer.out_channels for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert all(width % 8 == 0 for width in widths if width not in (38, 19))


def test_a_checkpoint_with_nan_is_refused(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = torch.load(saved, weights_only=True)
    next(iter(content["ema"].values())).fill_(float("nan"))
    torch.save(content, saved)
    assert main(["export", str(saved), "-o", str(saved.with_name("x.onnx"))]) == 1
    assert "NaN" in capsys.readouterr().err


def test_a_file_that_is_no_checkpoint_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.pt").write_bytes(b"no checkpoint")
    assert main(["prune", str(tmp_path / "x.pt"), "-o", str(tmp_path / "y.pt")]) == 1
    assert "is not a checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["256", "250x320", "axb", "0x8"])
def test_a_size_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        parse_size(text)


def test_an_export_never_writes_its_sidecar_over_a_file_of_somebody_else(saved, tmp_path, capsys) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text('{"my": "notes"}')
    assert main(["export", str(saved), "-o", str(tmp_path / "mine.onnx")]) == 1
    assert "no sidecar of EdgePose" in capsys.readouterr().err
    assert mine.read_text() == '{"my": "notes"}'
    assert not (tmp_path / "mine.onnx").exists()
