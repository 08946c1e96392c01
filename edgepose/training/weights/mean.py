"""Model soups: the weighted mean of checkpoints of one network, and stronger last maps.

Between a network and its fine-tuned form lies one that keeps more of both (Wortsman et al. 2022, "Robust fine-tuning
of zero-shot models"); with small batches it also averages the noise of the last steps away. A squared error makes a
network draw doubtful people faintly, and a mean draws them fainter still; `strengthen` answers that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from edgepose.errors import ModelError
from edgepose.training.network.layers import convs
from edgepose.training.network.pose_network import PoseNetwork
from edgepose.training.weights import checkpoint


def mean_of(parts: Sequence[tuple[float, Path]]) -> PoseNetwork:
    """The network whose weights are the mean of these checkpoints' (share, path); shares are brought to a sum of 1.

    ModelError when there is none, the shares sum to 0, or they are of networks of different shapes.
    """
    total = sum(share for share, _ in parts)
    if not total:
        raise ModelError("a mean needs at least one checkpoint, and shares that do not sum to 0")
    contents = [(share / total, path, checkpoint.load(path)) for share, path in parts]
    first = contents[0][2]
    for _, path, content in contents:
        if content["network"]["shapes"] != first["network"]["shapes"]:
            raise ModelError(
                f"{str(path)!r} is of another network than {str(parts[0][1])!r}; take a mean of one network"
            )
    mean = {name: sum(share * content["ema"][name].float() for share, _, content in contents) for name in first["ema"]}
    return checkpoint.rebuild(first["network"], mean)


@torch.no_grad()
def strengthen(network: PoseNetwork, gain: float) -> None:
    """Multiply the PAFs and keypoints that the network gives, by the last layers behind them; background stays."""
    stages = [network.initial, *network.refinements]
    for stage in stages if network.options.residual else stages[-1:]:
        pafs, heatmaps = convs(stage.paf_head)[-1].conv, convs(stage.heatmap_head)[-1].conv
        assert pafs.bias is not None and heatmaps.bias is not None
        for tensor in (pafs.weight, pafs.bias, heatmaps.weight[:-1], heatmaps.bias[:-1]):
            tensor *= gain
