"""Checkpoints: plain tensors and numbers in one file, written beside and then moved into place.

A file holds the network's options and shapes too, so `export`, `prune` and `evaluate` need nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from edgepose.errors import ModelError
from edgepose.files import ORDINARY, replacing
from edgepose.skeleton import Skeleton
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork

FORMAT = 1


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint; a full disk raises ModelError and leaves the last good file as it was."""
    try:
        with replacing(path, ORDINARY) as file:
            torch.save({"format": FORMAT, **content}, file)
    except (OSError, RuntimeError) as error:
        raise ModelError(f"could not write {str(path)!r} ({error}); free space, the last checkpoint is kept") from error


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint (tensors and plain values only); ModelError when it is none or holds NaN."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"no checkpoint {str(path)!r}; train first, or give the right path") from error
    except Exception as error:
        raise ModelError(f"{str(path)!r} is not a checkpoint; give a .pt file that edgepose train wrote") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError(f"{str(path)!r} is not a checkpoint of this version (format {FORMAT}); train again")
    for name, tensor in content["ema"].items():
        if not torch.isfinite(tensor.float()).all():
            raise ModelError(f"{str(path)!r} holds NaN or infinity in {name!r}; take an earlier checkpoint")
    return content


def describe(network: PoseNetwork) -> dict[str, Any]:
    """What `rebuild` needs: the options, and the shape of every convolution (pruning changes them)."""
    return {"options": msgspec.to_builtins(network.options), "shapes": conv_shapes(network)}


def keypoints_of(path: Path) -> Skeleton:
    """The keypoints that the network of a checkpoint finds."""
    return msgspec.convert(load(path)["network"]["options"], NetworkOptions).keypoint_skeleton


def conv_shapes(network: nn.Module) -> dict[str, list[int]]:
    """Name to [inputs, outputs, groups] of every convolution."""
    return {
        name: [layer.in_channels, layer.out_channels, layer.groups]
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d)
    }


def rebuild(description: dict[str, Any], state: dict[str, Tensor]) -> PoseNetwork:
    """The network of a checkpoint, pruned widths included, with its weights."""
    network = PoseNetwork(msgspec.convert(description["options"], NetworkOptions))
    reshape(network, description["shapes"])
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    return network


def reshape(network: nn.Module, shapes: dict[str, list[int]]) -> None:
    """Give convolutions, and the norms behind them, other numbers of channels; weights of those start anew."""
    modules = dict(network.named_modules())
    for name, (n_in, n_out, groups) in shapes.items():
        conv = modules[name]
        if not isinstance(conv, nn.Conv2d) or (conv.in_channels, conv.out_channels, conv.groups) == (
            n_in,
            n_out,
            groups,
        ):
            continue
        parent = modules[name.rpartition(".")[0]]
        assert isinstance(parent, nn.Sequential)
        parent[0] = type(conv)(
            n_in,
            n_out,
            conv.kernel_size,  # type: ignore[arg-type]
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            conv.dilation,  # type: ignore[arg-type]
            groups,
            bias=conv.bias is not None,
        )
        if len(parent) > 1 and isinstance(parent[1], nn.BatchNorm2d):
            parent[1] = nn.BatchNorm2d(n_out)
