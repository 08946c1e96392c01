"""A narrower copy of a light network: which channels stay, and which layers must be solved for afterwards.

The wider network may be Open Model Zoo's human-pose-estimation-0001, whose reduction block has ELUs, or one of ours.
How many channels stay where: edgepose.training.narrow.allot.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from msgspec.structs import replace
from torch import Tensor, nn

from edgepose.training.narrow.eliminate import eliminate
from edgepose.training.narrow.refit import LayerPair, collect
from edgepose.training.network.backbone_light import LightBackbone
from edgepose.training.network.layers import Conv, Residual, convs
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
from edgepose.training.network.stages import Stage
from edgepose.training.weights.initialise import initialise

_log = logging.getLogger(__name__)

ELU_SHIFT = 0.7
"""max(x, -0.7) is the nearest of its kind to an ELU where most of its inputs lie."""
ROWS = 900
"""Positions of each picture that channels are chosen by."""


def open_whole(path: str, n_refinements: int = 1) -> PoseNetwork:
    """The teacher as a network of ours, with the ELUs that it has in its reduction block, all but the last layer.

    n_refinements: 0 leaves its refinement stage out, so that its initial stage has the last word.
    """
    shape = NetworkOptions(backbone="light", refinement="light", n_refinements=1, norm=False)
    network = PoseNetwork(shape).eval()
    initialise(network, Path(path))
    assert isinstance(network.backbone, LightBackbone)
    for layer in convs(network.backbone.reduction)[:-1]:
        layer[-1] = nn.ELU()
    if not n_refinements:
        network.refinements, network.options = nn.ModuleList(), replace(shape, n_refinements=0)
    return network


@dataclass(frozen=True)
class Link:
    """Channels that may be fewer: those of `layer`, which `depthwise` (if any) hands on and `after` reads.

    option: which of NetworkOptions says how many, such as "widths.3"; links of one option have the same number.
    """

    option: str
    layer: Conv
    depthwise: Conv | None
    after: Conv

    @property
    def n_channels(self) -> int:
        return self.layer.conv.out_channels


def links(network: PoseNetwork) -> list[Link]:
    """Every place where a light network may be narrower, in its own order."""
    backbone, initial = network.backbone, network.initial
    assert isinstance(backbone, LightBackbone)
    trunk, first = convs(backbone.trunk), convs(backbone.reduction)[0]
    found = [Link(f"widths.{i // 2 - 1}", trunk[i], trunk[i + 1], trunk[i + 2]) for i in range(2, len(trunk) - 2, 2)]
    found.append(Link(f"widths.{len(trunk) // 2 - 1}", trunk[-1], None, first))
    for one in initial.trunks:
        first, second, third = convs(one)
        found += [Link("initial_inner", first, None, second), Link("initial_inner", second, None, third)]
    for head in (initial.paf_head, initial.heatmap_head):
        first, second = convs(head)
        found.append(Link("initial_head", first, None, second))
    for stage in network.refinements:
        assert isinstance(stage, Stage)
        for one in stage.trunks:
            pairs = [convs(block) for block in one.modules() if isinstance(block, Residual)]
            found += [Link(f"refinement_inner.{i}", layer, None, after) for i, (layer, after) in enumerate(pairs)]
    return found


def narrowed(student: PoseNetwork, teacher: PoseNetwork, run: Callable[[], None]) -> dict[Conv, Tensor]:
    """Which of the teacher's channels remain, by the teacher's layers, for all that are fewer in the student."""
    both = zip(links(student), links(teacher), strict=True)
    fewer = {link: own.n_channels for own, link in both if own.n_channels < link.n_channels}
    found = collect(run, [link.after for link in fewer], ROWS)
    keep: dict[Conv, Tensor] = {}
    for link, n in fewer.items():
        order, errors = eliminated(link, found.pop(link.after), n)
        _log.info("%d channels to %d: %.4f of the next layer's variance lost", link.n_channels, n, errors[-1])
        keep |= remaining(link, order, n)
    return keep


def eliminated(link: Link, rows: tuple[Tensor, Tensor], n: int) -> tuple[Tensor, Tensor]:
    """The order in which channels go until `n` are left, and the errors; rows: what `link.after` reads and gives."""
    patches, answers = rows
    return eliminate(patches.view(len(patches), link.n_channels, -1), answers, n)


def remaining(link: Link, order: Tensor, n: int) -> dict[Conv, Tensor]:
    """The last `n` channels of an order, by the layers that have them."""
    kept = order[-n:].sort().values
    return {layer: kept for layer in (link.layer, link.depthwise) if layer is not None}


@torch.no_grad()
def pair_up(student: PoseNetwork, teacher: PoseNetwork, keep: dict[Conv, Tensor]) -> list[LayerPair]:
    """Copy every layer, less what is not kept, and say which must be solved for: all from the first that differs on."""
    read_by = {link.after: keep.get(link.layer) for link in links(teacher)}
    pairs: list[LayerPair] = []
    for own, other in zip(convs(student), convs(teacher), strict=True):
        copy(own, other, keep.get(other), read_by.get(other))
        shift = ELU_SHIFT if isinstance(other[-1], nn.ELU) else 0.0
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
