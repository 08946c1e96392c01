"""The mean of two checkpoints of one network: `python mean_of_weights.py START.pt TRAINED.pt OUT.pt [--share 0.5]`.

Between a network and its fine-tuned form lies one that keeps more of both (Wortsman et al. 2022, "Robust fine-tuning
of zero-shot models"); with small batches it also averages the noise of the last steps away.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.training import checkpoint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path)
    parser.add_argument("trained", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="share of the trained weights (default: 0.5)")
    args = parser.parse_args()
    start, trained = (checkpoint.load(path) for path in (args.start, args.trained))
    mean = {name: (1 - args.share) * start["ema"][name] + args.share * trained["ema"][name] for name in start["ema"]}
    checkpoint.save(args.output, {"network": trained["network"], "ema": mean})


if __name__ == "__main__":
    main()
