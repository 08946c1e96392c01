"""Starts a network from weights that exist: a torchvision VGG19 or our own .pth, or a whole exported ONNX network.

Only tensors are read: .pth files are loaded with `weights_only`, and of an ONNX file only the initialisers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgepose.errors import MissingDependencyError, ModelError
from edgepose.training.layers import Conv
from edgepose.training.network import PoseNetwork
from edgepose.training.stages import Stage


@dataclass(frozen=True)
class ConvWeights:
    """One convolution of a file. weight: float32 (out, in / groups, k, k). bias: float32 (out,), norms folded in."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def initialise(network: PoseNetwork, path: Path) -> str:
    """Fill the network from a file, by its kind; returns one sentence on what was taken.

    `.onnx`: every convolution in order, the shapes must fit. `.pth`/`.pt`: the state dict of torchvision's VGG19
    fills the first ten convolutions of the VGG backbone; a state dict of ours fills the parts whose names and shapes
    fit. ModelError when the file cannot be read or fits nowhere.
    """
    if not path.is_file():
        raise ModelError(f"no weights file {str(path)!r}; give an ONNX export or a .pth state dict")
    if path.suffix == ".onnx":
        n = assign_convs(network, read_onnx_convs(path), path.name)
        return f"{n} convolutions from {path.name}"
    state = read_state(path)
    if "features.0.weight" in state:
        return _assign_vgg19(network, state, path.name)
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in state.items() if name in own and own[name].shape == tensor.shape}
    if not fitting:
        raise ModelError(f"{path.name!r} holds no tensor of this network; was it trained with another backbone?")
    network.load_state_dict(fitting, strict=False)
    return f"{len(fitting)} of {len(own)} tensors from {path.name}"


def read_state(path: Path) -> dict[str, Tensor]:
    """The state dict in a .pth file or in a checkpoint of ours; ModelError on anything else, and on NaN."""
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{path.name!r} is not a file of plain tensors ({error}); save a state dict") from error
    state = content.get("ema") or content.get("model") or content if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise ModelError(f"wanted a state dict in {path.name!r}, found {type(content).__name__}; save a state dict")
    broken = [name for name, tensor in state.items() if not torch.isfinite(tensor.float()).all()]
    if broken:
        raise ModelError(f"{path.name!r} holds NaN or infinity in {broken[0]!r}; take an earlier checkpoint")
    return state


def read_onnx_convs(path: Path) -> list[ConvWeights]:
    """The 2-D convolutions of a graph in their order, with the constant Add or batch norm after each folded in."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise MissingDependencyError("reading ONNX weights needs onnx; pip install 'edgepose[train]'") from error
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:
        raise ModelError(f"{path.name!r} is not a readable ONNX file: {error}") from error
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    users = {name: node for node in graph.node for name in node.input}
    convs = []
    for node in graph.node:
        if node.op_type != "Conv" or node.input[1] not in constants:
            continue
        weight = np.asarray(constants[node.input[1]], np.float32)
        bias = np.zeros(len(weight), np.float32)
        if len(node.input) > 2:
            bias = np.asarray(constants[node.input[2]], np.float32)
        after = users.get(node.output[0])
        if after is not None and after.op_type == "Add":
            shift = next((constants[name] for name in after.input if name in constants), None)
            if shift is not None and shift.size == len(bias):
                bias = bias + np.asarray(shift, np.float32).ravel()
        elif after is not None and after.op_type == "BatchNormalization":
            gamma, beta, mean, variance = (np.asarray(constants[name], np.float32) for name in after.input[1:5])
            epsilon = next((a.f for a in after.attribute if a.name == "epsilon"), 1e-5)
            factor = (gamma / np.sqrt(variance + epsilon)).astype(np.float32)
            weight, bias = weight * factor[:, None, None, None], (bias - mean) * factor + beta
        convs.append(ConvWeights(weight, bias))
    return convs


def ordered_convs(network: PoseNetwork, *, heatmaps_first: tuple[bool, ...]) -> list[Conv]:
    """Convolutions in the order of an export; per stage (initial first) whether its heatmap head comes first."""
    convs = [layer for layer in network.backbone.modules() if isinstance(layer, Conv)]
    stages: list[Stage] = [network.initial, *network.refinements]
    for stage, swap in zip(stages, heatmaps_first, strict=True):
        convs += [layer for layer in stage.trunks.modules() if isinstance(layer, Conv)]
        heads = [stage.paf_head, stage.heatmap_head]
        for head in reversed(heads) if swap else heads:
            convs += [layer for layer in head.modules() if isinstance(layer, Conv)]
    return convs


def assign_convs(network: PoseNetwork, convs: list[ConvWeights], name: str) -> int:
    """Copy convolutions into a network of the same shape; returns how many. ModelError names the first misfit."""
    n_stages = 1 + len(network.refinements)
    n_heatmaps = network.initial.heatmap_head[-1].conv.out_channels  # type: ignore[union-attr]
    layers = ordered_convs(network, heatmaps_first=(False,) * n_stages)
    if len(layers) != len(convs):
        raise ModelError(
            f"the network has {len(layers)} convolutions, {name!r} has {len(convs)}; "
            "set backbone, refinement and n_refinements to what was exported"
        )
    per_head = [i for i, layer in enumerate(layers) if layer.conv.out_channels == n_heatmaps and len(layer) == 1]
    swaps = tuple(len(convs[i - 2].weight) == n_heatmaps for i in per_head)
    layers = ordered_convs(network, heatmaps_first=swaps)
    for i, (layer, conv) in enumerate(zip(layers, convs, strict=True)):
        if tuple(layer.conv.weight.shape) != conv.weight.shape:
            raise ModelError(
                f"convolution {i} of {name!r} is {conv.weight.shape}, the network's is "
                f"{tuple(layer.conv.weight.shape)}; set the network's options to what was exported"
            )
    for layer, conv in zip(layers, convs, strict=True):
        assign(layer, conv)
    return len(convs)


@torch.no_grad()
def assign(layer: Conv, weights: ConvWeights) -> None:
    """Copy one convolution; a batch norm behind it becomes the identity plus the bias."""
    layer.conv.weight.copy_(torch.from_numpy(weights.weight.copy()))
    bias = torch.from_numpy(weights.bias.copy())
    norm = layer.norm
    if norm is None:
        assert layer.conv.bias is not None
        layer.conv.bias.copy_(bias)
        return
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.fill_((1.0 + norm.eps) ** 0.5)
    norm.bias.copy_(bias)


@torch.no_grad()
def _assign_vgg19(network: PoseNetwork, state: dict[str, Tensor], name: str) -> str:
    """The first ten convolutions of torchvision's vgg19 or vgg19_bn."""
    layers = [layer for layer in network.backbone.modules() if isinstance(layer, Conv)][:10]
    keys = sorted((key for key in state if key.startswith("features.") and state[key].ndim == 4), key=_layer_number)
    if len(keys) < 10 or any(a.conv.weight.shape != state[key].shape for a, key in zip(layers, keys, strict=False)):
        raise ModelError(f"{name!r} is a VGG, but not one whose first ten convolutions fit; use backbone = 'vgg'")
    for layer, key in zip(layers, keys, strict=False):
        weight, bias = state[key], state[key.replace("weight", "bias")]
        norm = f"features.{_layer_number(key) + 1}."
        if norm + "running_mean" in state:
            factor = state[norm + "weight"] / torch.sqrt(state[norm + "running_var"] + 1e-5)
            weight = weight * factor[:, None, None, None]
            bias = (bias - state[norm + "running_mean"]) * factor + state[norm + "bias"]
        assign(layer, ConvWeights(weight.float().numpy(), bias.float().numpy()))
    return f"ten convolutions from {name}"


def _layer_number(key: str) -> int:
    return int(key.split(".")[1])


def fold_norms(network: nn.Module) -> None:
    """Fold every batch norm into its convolution in place; the network then has the same output in `eval` mode."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for layer in network.modules():
        if isinstance(layer, Conv) and layer.norm is not None:
            fused = fuse_conv_bn_eval(layer.conv.eval(), layer.norm.eval())
            layer[0], layer[1] = fused, nn.Identity()
