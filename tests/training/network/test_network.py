"""Networks match their figures: parameters, cost, shapes, and weights that come from elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from edgepose.errors import ModelError  # noqa: E402
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork, count_flop, count_parameters  # noqa: E402
from edgepose.training.weights.foreign import ConvWeights, for_own_input  # noqa: E402
from edgepose.training.weights.initialise import fold_norms, initialise  # noqa: E402

pytestmark = pytest.mark.torch

LIGHT = NetworkOptions(backbone="light", refinement="light", n_refinements=1, width=0.25, refinement_inner=16)


def test_three_stage_lite_has_the_published_size_and_cost() -> None:
    network = PoseNetwork(NetworkOptions())
    assert count_parameters(network) / 1e6 == pytest.approx(16.8, abs=0.05)
    assert count_flop(network, (288, 384)) / 1e9 == pytest.approx(99, abs=0.5)


def test_full_form_has_a_trunk_for_each_head() -> None:
    lite, full = (PoseNetwork(NetworkOptions(n_refinements=1, full=full)) for full in (False, True))
    trunks = 3 * (128 * 128 * 9 + 128) + (185 + 4 * 128) * 128 * 49 + 5 * 128
    assert count_parameters(full) - count_parameters(lite) == trunks


@pytest.mark.parametrize("n_refinements", [0, 1, 3])
def test_training_gives_every_stage_and_evaluation_the_last(n_refinements: int) -> None:
    network = PoseNetwork(NetworkOptions(backbone="light", refinement="light", width=0.25, n_refinements=n_refinements))
    picture = torch.zeros(2, 3, 64, 96)
    stages = network.train()(picture)
    assert len(stages) == 1 + n_refinements
    assert [tuple(maps.shape) for maps in stages[-1]] == [(2, 38, 8, 12), (2, 19, 8, 12)]
    pafs, heatmaps = network.eval()(picture)
    assert pafs.shape[1] == 38 and heatmaps.shape[1] == 19


def test_trt_pose_skeleton_sets_the_channels() -> None:
    network = PoseNetwork(NetworkOptions(skeleton="trt_pose_18", backbone="light", width=0.25, n_refinements=0)).eval()
    pafs, heatmaps = network(torch.zeros(1, 3, 32, 32))
    assert pafs.shape[1] == 42 and heatmaps.shape[1] == 19


def test_folding_norms_keeps_the_answer() -> None:
    network = PoseNetwork(LIGHT)
    network.train()
    network(torch.randn(4, 3, 64, 64))  # norm statistics other than 0 and 1
    network.eval()
    picture = torch.randn(1, 3, 64, 64)
    before = network(picture)[0]
    fold_norms(network)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in network.modules())
    assert torch.allclose(network(picture)[0], before, atol=1e-4)


def test_vgg19_of_torchvision_fills_ten_convolutions(tmp_path: Path) -> None:
    widths = [64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512]
    numbers = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23]  # torchvision.models.vgg19().features
    state, n_in = {}, 3
    for number, n_out in zip(numbers, widths, strict=True):
        state[f"features.{number}.weight"] = torch.randn(n_out, n_in, 3, 3)
        state[f"features.{number}.bias"] = torch.randn(n_out)
        n_in = n_out
    torch.save(state, tmp_path / "vgg19.pth")
    network = PoseNetwork(NetworkOptions(n_refinements=0))
    assert initialise(network, tmp_path / "vgg19.pth") == "ten convolutions from vgg19.pth"
    assert torch.equal(network.backbone[9].conv.weight, state["features.21.weight"])


def test_the_first_layer_is_brought_to_our_input() -> None:
    rng = np.random.default_rng(0)
    conv = ConvWeights(rng.normal(size=(4, 3, 3, 3)).astype(np.float32), rng.normal(size=4).astype(np.float32))
    mean, scale = (123.0, 116.0, 103.0), (1 / 58, 1 / 57, 1 / 56)
    rgb = torch.from_numpy(rng.uniform(0, 255, (1, 3, 8, 8)))
    theirs = (rgb - torch.tensor(mean)[:, None, None]) * torch.tensor(scale)[:, None, None]
    ours = for_own_input(conv, "RGB", mean, scale)
    wanted = torch.conv2d(theirs.float(), torch.from_numpy(conv.weight), torch.from_numpy(conv.bias))
    bgr = (rgb.flip(1) - 128) / 255
    assert torch.allclose(
        torch.conv2d(bgr.float(), torch.from_numpy(ours.weight), torch.from_numpy(ours.bias)), wanted, atol=1e-3
    )


def test_nan_in_weights_is_refused(tmp_path: Path) -> None:
    network = PoseNetwork(LIGHT)
    state = network.state_dict()
    next(iter(state.values())).fill_(float("nan"))
    torch.save(state, tmp_path / "broken.pth")
    with pytest.raises(ModelError, match="NaN"):
        initialise(network, tmp_path / "broken.pth")


def test_a_pickle_with_code_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"weights": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(ModelError, match="plain tensors"):
        initialise(PoseNetwork(LIGHT), tmp_path / "bomb.pth")
    assert not (tmp_path / "ran").exists()


def test_open_model_zoo_export_answers_alike(shared: Path) -> None:
    """Its ELUs put back, the network gives what ONNX Runtime gives for the file."""
    onnxruntime = pytest.importorskip("onnxruntime")
    path = shared / "models/human-pose-estimation-0001.fp32.onnx"
    network = PoseNetwork(NetworkOptions(backbone="light", refinement="light", n_refinements=1, norm=False)).eval()
    initialise(network, path)
    for layer in list(network.backbone.reduction.modules()):
        if isinstance(layer, torch.nn.Sequential) and isinstance(layer[-1], torch.nn.ReLU):
            layer[-1] = torch.nn.ELU()
    network.backbone.reduction[-1][-1] = torch.nn.ReLU()
    picture = torch.randint(0, 256, (1, 3, 96, 128)).float()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pafs, heatmaps = session.run(["pafs", "heatmaps"], {session.get_inputs()[0].name: picture.numpy()})
    with torch.no_grad():
        own_pafs, own_heatmaps = network((picture - 128) / 255)
    assert abs(own_pafs.numpy() - pafs).max() < 1e-4
    assert abs(own_heatmaps.numpy() - heatmaps).max() < 1e-4


def test_weights_of_another_shape_are_refused(shared: Path) -> None:
    with pytest.raises(ModelError, match="set the network's options"):
        initialise(
            PoseNetwork(NetworkOptions(backbone="light", refinement="light", n_refinements=1, refinement_inner=32)),
            shared / "models/human-pose-estimation-0001.fp32.onnx",
        )
