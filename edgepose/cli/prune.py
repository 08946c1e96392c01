"""`edgepose prune`: a checkpoint in, one with fewer filters out, to be retrained."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import MissingDependencyError

HELP = "remove the least important filters of a checkpoint; retrain it afterwards"
EXAMPLE = """example:
  edgepose prune out/train/best.pt -o out/pruned.pt --share 0.3
  then train again with loop.start = "out/pruned.pt" """


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="checkpoint of `edgepose train`")
    parser.add_argument("-o", "--output", metavar="FILE.pt", type=Path, required=True, help="where the pruned one goes")
    parser.add_argument("--share", type=float, default=0.3, help="share of the filters to remove (default: 0.3)")
    parser.add_argument("--importance", choices=("magnitude", "norm"), default="magnitude", help="what ranks filters")
    parser.add_argument("--granularity", type=int, default=8, help="widths stay multiples of this (default: 8)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from edgepose.training import checkpoint
        from edgepose.training.prune import PruneOptions, prune
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"pruning needs PyTorch ({error}); pip install 'edgepose[train]'") from None
    content = checkpoint.load(args.checkpoint)
    network = checkpoint.rebuild(content["network"], content["ema"])
    report = prune(network, PruneOptions(share=args.share, importance=args.importance, granularity=args.granularity))
    state = network.state_dict()
    checkpoint.save(args.output, {"network": checkpoint.describe(network), "model": state, "ema": state})
    print_report({**report, "checkpoint": str(args.output)}, as_json=args.json)
    return 0
