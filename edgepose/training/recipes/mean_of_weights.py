"""The mean of checkpoints of one network: `python mean_of_weights.py OUT.pt 0.5:START.pt 0.5:TRAINED.pt --gain 1.4`.

SHARE:CHECKPOINT as often as you like; shares are brought to a sum of 1. --gain multiplies the last maps. Why:
edgepose/training/weights/mean.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.training.weights import checkpoint
from edgepose.training.weights.mean import mean_of, strengthen


def part(text: str) -> tuple[float, Path]:
    share, colon, path = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not SHARE:CHECKPOINT")
    return float(share), Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("parts", type=part, nargs="+", metavar="SHARE:CHECKPOINT")
    parser.add_argument("--gain", type=float, default=1.0, help="multiplies the last maps (default: 1)")
    args = parser.parse_args()
    network = mean_of(args.parts)
    strengthen(network, args.gain)
    checkpoint.save(args.output, {"network": checkpoint.describe(network), "ema": network.state_dict()})


if __name__ == "__main__":
    main()
