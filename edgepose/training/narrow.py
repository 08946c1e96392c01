"""A narrower copy of a light network: which channels stay, and which layers must be solved for afterwards.

The wider network may be Open Model Zoo's human-pose-estimation-0001, whose reduction block has ELUs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from edgepose.training.backbone_light import LightBackbone
from edgepose.training.eliminate import eliminate
from edgepose.training.initialise import initialise
from edgepose.training.layers import Conv, Residual
from edgepose.training.network import NetworkOptions, PoseNetwork
from edgepose.training.refit import LayerPair, collect

ELU_SHIFT = 0.7
"""max(x, -0.7) is the nearest of its kind to an ELU where most of its inputs lie."""
ROWS = 900
"""Positions of each picture that channels are chosen by."""


def open_whole(path: str) -> PoseNetwork:
    """The teacher as a network of ours, with the ELUs that it has in its reduction block, all but the last layer."""
    shape = NetworkOptions(backbone="light", refinement="light", n_refinements=1, norm=False)
    network = PoseNetwork(shape).eval()
    initialise(network, Path(path))
    for layer in elu_layers(network):
        layer[-1] = nn.ELU()
    return network


def elu_layers(network: PoseNetwork) -> list[Conv]:
    assert isinstance(network.backbone, LightBackbone)
    return convs(network.backbone.reduction)[:-1]


@dataclass(frozen=True)
class Link:
    """Channels that may be fewer: those of `layer`, which `depthwise` (if any) hands on and `after` reads."""

    layer: Conv
    depthwise: Conv | None
    after: Conv


def links(network: PoseNetwork) -> list[Link]:
    """Every place where the student may be narrower, in the order of the network."""
    backbone, initial = network.backbone, network.initial
    assert isinstance(backbone, LightBackbone)
    trunk, first = convs(backbone.trunk), convs(backbone.reduction)[0]
    found = [Link(trunk[i], trunk[i + 1], trunk[i + 2]) for i in range(2, len(trunk) - 2, 2)]
    found.append(Link(trunk[-1], None, first))
    first, second, third = convs(initial.trunks)
    chains = [(first, second), (second, third), convs(initial.paf_head), convs(initial.heatmap_head)]
    for stage in network.refinements:
        chains += [convs(block) for block in stage.modules() if isinstance(block, Residual)]
    return found + [Link(layer, None, after) for layer, after in chains]


def narrowed(student: PoseNetwork, teacher: PoseNetwork, run: Callable[[], None]) -> dict[Conv, Tensor]:
    """Which of the teacher's channels remain, by the teacher's layers, for all that are fewer in the student."""
    both = zip(links(student), links(teacher), strict=True)
    widths = ((own.layer.conv.out_channels, link) for own, link in both)
    fewer = {link: n for n, link in widths if n < link.layer.conv.out_channels}
    found = collect(run, [link.after for link in fewer], ROWS)
    keep: dict[Conv, Tensor] = {}
    for link, n in fewer.items():
        patches, answers = found.pop(link.after)
        channels = link.layer.conv.out_channels
        order, errors = eliminate(patches.view(len(patches), channels, -1), answers, n)
        print(f"{channels} channels to {n}: {errors[-1]:.4f} of the next layer's variance lost")
        keep[link.layer] = order[-n:].sort().values
        if link.depthwise is not None:
            keep[link.depthwise] = keep[link.layer]
    return keep


def pair_up(student: PoseNetwork, teacher: PoseNetwork, keep: dict[Conv, Tensor]) -> list[LayerPair]:
    """Copy every layer, less what is not kept, and say which must be solved for: all from the first that differs on."""
    read_by = {link.after: keep.get(link.layer) for link in links(teacher)}
    with_elu = elu_layers(teacher)
    pairs: list[LayerPair] = []
    for own, other in zip(convs(student), convs(teacher), strict=True):
        copy(own, other, keep.get(other), read_by.get(other))
        shift = ELU_SHIFT if other in with_elu else 0.0
        assert own.conv.bias is not None
        own.conv.bias += shift
        if pairs or shift or other in keep:
            pairs.append(LayerPair(own, other, keep.get(other), shift))
    return pairs


def copy(own: Conv, other: Conv, outputs: Tensor | None, inputs: Tensor | None) -> None:
    """Weights and biases, of some channels where given."""
    weight, bias = other.conv.weight, other.conv.bias
    assert bias is not None and own.conv.bias is not None
    if outputs is not None:
        weight, bias = weight[outputs], bias[outputs]
    if inputs is not None:
        weight = weight[:, inputs]
    own.conv.weight.copy_(weight)
    own.conv.bias.copy_(bias)


def convs(module: nn.Module) -> list[Conv]:
    return [layer for layer in module.modules() if isinstance(layer, Conv)]
