"""The mean of two checkpoints of one network: `python mean_of_weights.py START.pt TRAINED.pt OUT.pt --share 0.5`.

Between a network and its fine-tuned form lies one that keeps more of both (Wortsman et al. 2022, "Robust fine-tuning
of zero-shot models"); with small batches it also averages the noise of the last steps away. A squared error makes a
network draw doubtful people faintly, and a mean of two draws them fainter still: --gain multiplies the last maps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from edgepose.training import checkpoint
from edgepose.training.narrow import convs
from edgepose.training.network import PoseNetwork


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path)
    parser.add_argument("trained", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="share of the trained weights (default: 0.5)")
    parser.add_argument("--gain", type=float, default=1.0, help="multiplies the last maps (default: 1)")
    args = parser.parse_args()
    start, trained = (checkpoint.load(path) for path in (args.start, args.trained))
    mean = {name: (1 - args.share) * start["ema"][name] + args.share * trained["ema"][name] for name in start["ema"]}
    network = checkpoint.rebuild(trained["network"], mean)
    strengthen(network, args.gain)
    checkpoint.save(args.output, {"network": trained["network"], "ema": network.state_dict()})


@torch.no_grad()
def strengthen(network: PoseNetwork, gain: float) -> None:
    """Multiply the PAFs and keypoints that the network gives, by the last layers behind them; background stays."""
    stages = [network.initial, *network.refinements]
    for stage in stages if network.options.residual else stages[-1:]:
        pafs, heatmaps = convs(stage.paf_head)[-1].conv, convs(stage.heatmap_head)[-1].conv
        assert pafs.bias is not None and heatmaps.bias is not None
        for tensor in (pafs.weight, pafs.bias, heatmaps.weight[:-1], heatmaps.bias[:-1]):
            tensor *= gain


if __name__ == "__main__":
    main()
