"""Starts a network from weights that exist: a torchvision VGG19 or our own .pth, or a whole exported ONNX network.

Only tensors are read: .pth files are loaded with `weights_only`, and of an ONNX file only the initialisers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgepose.errors import ModelError
from edgepose.model import load_spec
from edgepose.training.network.layers import Conv
from edgepose.training.network.pose_network import PoseNetwork
from edgepose.training.network.stages import Stage
from edgepose.training.weights.foreign import ConvWeights, for_own_input, read_onnx_convs

IMAGENET = (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375)
"""Mean and scale that torchvision's networks were trained with, RGB, for values 0 to 255."""


def initialise(network: PoseNetwork, path: Path) -> str:
    """Fill the network from a file, by its kind; returns one sentence on what was taken.

    `.onnx`: every convolution in order, the shapes must fit. `.pth`/`.pt`: the state dict of torchvision's VGG19
    fills the first ten convolutions of the VGG backbone; a state dict of ours fills the parts whose names and shapes
    fit. ModelError when the file cannot be read or fits nowhere.
    """
    if not path.is_file():
        raise ModelError(f"no weights file {str(path)!r}; give an ONNX export or a .pth state dict")
    if path.suffix == ".onnx":
        first, *others = read_onnx_convs(path)
        spec = load_spec(path)
        n = assign_convs(network, [for_own_input(first, spec.colour, spec.mean, spec.scale), *others], path.name)
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
        conv = ConvWeights(weight.float().numpy(), bias.float().numpy())
        assign(layer, for_own_input(conv, "RGB", *IMAGENET) if key == keys[0] else conv)
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
