"""Checkpoint to ONNX with its sidecar: norms folded, dynamic batch and size, float16 storage, parity measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgepose.backends import BackendOptions, open_backend
from edgepose.errors import MissingDependencyError, ModelError
from edgepose.model import save_spec, sidecar_path
from edgepose.model.half_storage import store_half
from edgepose.model.sidecar import read_sidecar
from edgepose.training.network.pose_network import PoseNetwork
from edgepose.training.network.validate import own_spec
from edgepose.training.weights.initialise import fold_norms

OPSET = 17
IR = 8
"""The newest that TensorRT 8.6 reads."""

PARITY_HW = ((256, 344), (224, 320))


class Heads(nn.Module):
    """What is exported: the last stage, heatmaps first."""

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        pafs, heatmaps = self.network(x)
        return heatmaps, pafs


def refuse_foreign_sidecar(model: Path) -> None:
    """Raise ModelError where the sidecar of a model would be written over a file that is none."""
    sidecar = sidecar_path(model)
    if not sidecar.exists():
        return
    try:
        read_sidecar(sidecar)
    except ModelError:
        raise ModelError(
            f"'{sidecar}' is there and no sidecar of EdgePose, and the export would write its own over it; move it, or "
            "give the model another name"
        ) from None


def export(
    network: PoseNetwork, path: Path, *, half: bool = True, input_hw: tuple[int, int] = (256, 456)
) -> Mapping[str, Any]:
    """Write the ONNX file and its sidecar; returns size, opset and the parity with PyTorch at two sizes.

    half: store the weights as float16 (the graph casts them back, runtimes do so once when loading), half the bytes.
    The network's norms are folded in place. ModelError when the file does not answer as the network does.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError("exporting needs onnx; pip install 'edgepose[train]'") from error
    refuse_foreign_sidecar(path)
    network.eval().cpu()
    fold_norms(network)
    axes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        Heads(network).eval(),
        (torch.zeros(1, 3, *input_hw),),
        str(path),
        input_names=["input"],
        output_names=["heatmaps", "pafs"],
        dynamic_axes={"input": axes, "heatmaps": axes, "pafs": axes},
        opset_version=OPSET,
        dynamo=False,
    )
    network.eval()  # the exporter leaves it training
    model = onnx.load(str(path))
    model.ir_version = min(model.ir_version, IR)
    if half:
        store_half(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    spec = own_spec(path.stem, network.options.skeleton, input_hw, network.options.keypoints)
    save_spec(spec, path)
    report = {"onnx": str(path), "bytes": path.stat().st_size, "opset": OPSET, "ir": model.ir_version}
    return report | {"parity": [parity(network, path, hw) for hw in PARITY_HW]}


@torch.no_grad()
def parity(network: PoseNetwork, path: Path, input_hw: tuple[int, int]) -> dict[str, Any]:
    """Largest difference between the file, run in float32, and PyTorch on a random picture of one size.

    ModelError above 0.02: more than float16 storage explains (maps are about 1 at a keypoint).
    """
    picture = torch.from_numpy(np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3, *input_hw)).astype(np.float32))
    pafs, heatmaps = network(picture)
    backend = open_backend(path, BackendOptions(precision="f32"))
    try:
        seen: list[NDArray[Any]] = backend.infer(picture.numpy())
        errors = [float(np.abs(a - b.numpy()).max()) for a, b in zip(seen, (heatmaps, pafs), strict=True)]
    finally:
        backend.close()
    if max(errors) > 0.02:
        raise ModelError(
            f"{path.name!r} differs from the checkpoint by {max(errors):.3f} at {input_hw[0]}x{input_hw[1]}; "
            "do not ship it, and report this with the checkpoint"
        )
    return {"input_hw": list(input_hw), "heatmaps": errors[0], "pafs": errors[1]}


def parse_size(text: str) -> tuple[int, int]:
    """(H, W) from words like 256x456; ModelError unless both are multiples of 8."""
    try:
        height, width = (int(word) for word in text.lower().split("x"))
    except ValueError:
        raise ModelError(f"a size is written as HxW, such as 256x456; got {text!r}") from None
    if height < 8 or width < 8 or height % 8 or width % 8:
        raise ModelError(f"height and width of the input are multiples of 8; got {text!r}")
    return height, width
