"""`edgepose prune`: a checkpoint in, a narrower one out, to be retrained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.needs import need_torch
from edgepose.cli.numbers import real, whole
from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import ConfigError

if TYPE_CHECKING:
    from edgepose.training.network.pose_network import PoseNetwork

HELP = "make a checkpoint's network narrower; retrain it afterwards"
EXAMPLE = """examples:
  edgepose prune out/train/best.pt -o out/pruned.pt --pictures pictures --gflop 5.0
  edgepose prune out/train/best.pt -o out/pruned.pt --share 0.3
then train again with loop.start = "out/pruned.pt"; after --gflop, [network] is what is printed at the end."""

SHARE = 0.3
GRANULARITY = 8
MAX_PICTURES = 24
"""A quarter of them judges; the others give a 3x3 layer 12 equations per unknown. Twice as many take twice as long."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="checkpoint of `edgepose train`")
    parser.add_argument("-o", "--output", metavar="FILE.pt", type=Path, required=True, help="where the pruned one goes")
    parser.add_argument(
        "--importance",
        choices=("error", "magnitude", "norm"),
        help="what ranks channels: the error of the maps on --pictures (default where they are given), else the size "
        "of filters (default) or the scale of their norms",
    )
    error = parser.add_argument_group("error: light networks; keeps most of what they know")
    error.add_argument(
        "--pictures", metavar="PLACE", nargs="+", type=Path, help="folders of pictures, or COCO-style lists of them"
    )
    error.add_argument("--gflop", type=real(0.001, 1e6), help="what the network may cost at 224 x 320")
    error.add_argument(
        "--max-pictures", metavar="N", type=whole(1, 1_000_000), help=f"most pictures taken ({MAX_PICTURES})"
    )
    size = parser.add_argument_group("magnitude, norm: any network; needs long retraining")
    size.add_argument("--share", type=float, help=f"share of the filters to remove (default: {SHARE})")
    size.add_argument("--granularity", type=int, help=f"widths stay multiples of this (default: {GRANULARITY})")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    importance = args.importance or ("error" if args.pictures else "magnitude")
    _check(args, importance)
    need_torch("pruning")
    from edgepose.training.run.config import network_lines
    from edgepose.training.weights import checkpoint

    content = checkpoint.load(args.checkpoint)
    network = checkpoint.rebuild(content["network"], content["ema"])
    network, report = _by_error(network, args) if importance == "error" else _by_size(network, args, importance)
    state = network.state_dict()
    checkpoint.save(args.output, {"network": checkpoint.describe(network), "model": state, "ema": state})
    report["checkpoint"] = str(args.output)
    lines = ["[network]", *network_lines(network.options)] if importance == "error" else []
    print_report({**report, "recipe": lines} if args.json and lines else report, as_json=args.json)
    if lines and not args.json:
        print("", *lines, sep="\n")
    return 0


def _check(args: argparse.Namespace, importance: str) -> None:
    """ConfigError where options do not go together."""
    if importance != "error":
        of_error = {"--pictures": args.pictures, "--gflop": args.gflop, "--max-pictures": args.max_pictures}
        if given := [name for name, value in of_error.items() if value is not None]:
            raise ConfigError(
                f"{' and '.join(given)} {'goes' if len(given) == 1 else 'go'} with importance error, not {importance}; "
                "give --pictures and --gflop, or --share"
            )
        if args.share is not None and not 0 < args.share < 1:
            raise ConfigError(f"--share wants a share of the filters between 0 and 1, not {args.share:g}")
        return
    if given := [f"--{name}" for name in ("share", "granularity") if getattr(args, name) is not None]:
        raise ConfigError(f"{' and '.join(given)} has no use with importance error; say --gflop, what it may cost")
    if not args.pictures:
        raise ConfigError("importance error is measured with pictures; give --pictures, a folder or a COCO-style list")
    if args.gflop is None:
        raise ConfigError("importance error wants --gflop, what the network may cost at 224 x 320; give one, such as 5")


def _by_error(network: PoseNetwork, args: argparse.Namespace) -> tuple[PoseNetwork, dict[str, Any]]:
    from edgepose.cli.progress import track
    from edgepose.training.narrow.probe import probe_pictures
    from edgepose.training.narrow.prune_by_error import check, prune_by_error

    check(network, args.gflop)
    n = MAX_PICTURES if args.max_pictures is None else args.max_pictures
    pictures = probe_pictures(args.pictures, max(0, -(-n // len(args.pictures))))
    return prune_by_error(network, pictures, args.gflop, track)


def _by_size(network: PoseNetwork, args: argparse.Namespace, importance: Any) -> tuple[PoseNetwork, dict[str, Any]]:
    from edgepose.training.narrow.prune import PruneOptions, prune

    share = SHARE if args.share is None else args.share
    granularity = GRANULARITY if args.granularity is None else args.granularity
    return network, prune(network, PruneOptions(share=share, importance=importance, granularity=granularity))
