"""Whole filters of least importance leave the network (torch-pruning keeps the layers that depend on one another).

Importance is the magnitude of a filter, or the scale of its batch norm (Li et al. 2017; Liu et al. 2017). Widths stay
multiples of `granularity`, because INT8 kernels of small boards work in groups of 8. Retrain afterwards.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from msgspec import Meta
from torch import nn

from edgepose.errors import MissingDependencyError, ModelError
from edgepose.options import Options
from edgepose.training.network.layers import Conv
from edgepose.training.network.pose_network import PoseNetwork, count_flop, count_parameters


class PruneOptions(Options, frozen=True):
    """How much goes, and by what measure."""

    share: Annotated[float, Meta(gt=0, lt=1, description="share of the filters to remove")] = 0.3
    importance: Annotated[Literal["magnitude", "norm"], Meta(description="norm needs batch norms everywhere")] = (
        "magnitude"
    )
    everywhere: Annotated[bool, Meta(description="rank filters over all layers instead of within each")] = True
    granularity: Annotated[int, Meta(ge=1, description="widths stay multiples of this")] = 8
    min_filters: Annotated[int, Meta(ge=1, description="no layer goes below this")] = 16


def prune(network: PoseNetwork, options: PruneOptions) -> dict[str, Any]:
    """Remove filters in place; returns parameters and GFLOP (at 224 x 320) before and after."""
    try:
        import torch_pruning
    except ImportError as error:
        raise MissingDependencyError("pruning needs torch-pruning; pip install 'edgepose[train]'") from error
    convs = [layer for layer in network.modules() if isinstance(layer, Conv)]
    if options.importance == "norm" and not any(layer.norm for layer in convs):
        raise ModelError("this network has no batch norms to rank filters by; use importance 'magnitude'")
    measures = {
        "magnitude": torch_pruning.importance.GroupMagnitudeImportance(p=2),
        "norm": torch_pruning.importance.BNScaleImportance(),
    }
    before = numbers(network)
    network.eval()
    kept = _kept(network, convs, options.min_filters)
    narrowest = min(layer.conv.out_channels for layer in convs if layer.conv not in kept)
    pruner = torch_pruning.pruner.BasePruner(
        network,
        torch.zeros(1, 3, 64, 64),
        importance=measures[options.importance],
        pruning_ratio=options.share,
        global_pruning=options.everywhere,
        round_to=options.granularity,
        max_pruning_ratio=1 - options.min_filters / narrowest,
        ignored_layers=kept,
    )
    pruner.step()
    return {"before": before, "after": numbers(network)}


def _kept(network: PoseNetwork, convs: list[Conv], min_filters: int) -> list[nn.Module]:
    """Layers whose width is part of the contract (the maps, the 128 features) or is already small."""
    heads = [layer.conv for layer in convs if not isinstance(layer[-1], nn.ReLU)]
    features = [layer for layer in network.backbone.modules() if isinstance(layer, nn.Conv2d)][-1]
    small = [layer.conv for layer in convs if layer.conv.out_channels <= min_filters]
    return [*heads, features, *small]


def numbers(network: PoseNetwork) -> dict[str, float]:
    """Millions of parameters and GFLOP at 224 x 320."""
    return {"parameters_m": count_parameters(network) / 1e6, "gflop": count_flop(network, (224, 320)) / 1e9}
