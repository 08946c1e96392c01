"""`edgepose train`: a configuration in, checkpoints and a log out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.needs import need_torch
from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import ConfigError

if TYPE_CHECKING:
    from edgepose.training.run.options import TrainOptions

START = "edgepose-lite"
"""The network that a first run goes on from."""

HELP = "train a network on COCO-style sets, on labelled and unlabelled pictures"
EXAMPLE = """example:
  edgepose train mine.toml --init --images pictures/    write a configuration to begin with
  edgepose train recipe.toml --show-batch batch.png     look at what the network will see
  edgepose train recipe.toml                            train; Ctrl-C keeps a checkpoint
  edgepose train recipe.toml --resume                   go on from it
  torchrun --nproc-per-node 4 -m edgepose train recipe.toml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", metavar="CONFIG", type=Path, nargs="?", help="TOML file, such as edgepose/training/recipes/*.toml"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one key, such as optimiser.rate=1e-4"
    )
    parser.add_argument("--init", action="store_true", help="write CONFIG, to fine-tune a network of ours, and stop")
    parser.add_argument("--images", metavar="DIR", default="pictures", help="with --init: folder of your pictures")
    parser.add_argument("--keys", action="store_true", help="print every key of a configuration with its meaning")
    parser.add_argument("--resume", action="store_true", help="go on from last.pt in loop.out")
    parser.add_argument("--show-batch", metavar="FILE.png", type=Path, help="write a grid of samples and stop")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    need_torch("training")
    from edgepose.training.run.config import load_config

    if args.keys:
        from edgepose.config.text import tables
        from edgepose.training.run.options import TrainOptions

        print(tables(TrainOptions))
        return 0
    if args.config is None:
        raise ConfigError("name a configuration; write one with: edgepose train mine.toml --init --images DIR")
    if args.init:
        print_report(_init(args.config, args.images), as_json=args.json)
        return 0
    options = load_config(args.config, args.set)
    report = _show(options, args.show_batch) if args.show_batch else _train(options, args.resume)
    if report:
        print_report(report, as_json=args.json)
    return 0


def _init(path: Path, images: str) -> dict[str, Any]:
    """Write a configuration to begin with; never over a file that is there."""
    from edgepose.files import ORDINARY, write_atomically
    from edgepose.training.run.template import template

    if path.exists():
        raise ConfigError(f"'{path}' is there already; give another name, or remove it")
    write_atomically(path, template(images, START, f"out/{path.stem}").encode(), ORDINARY)
    return {"configuration": str(path), "next": f"edgepose train {path} --show-batch batch.png"}


def _show(options: TrainOptions, path: Path) -> dict[str, Any]:
    from edgepose.training.data.dataset import PoseDataset
    from edgepose.training.run.show import save_grid
    from edgepose.training.teacher.cache import open_kept
    from edgepose.training.teacher.dense import open_teacher

    skeleton = options.network.keypoint_skeleton
    teacher, kept = open_teacher(options.distill), open_kept(options.distill.kept)
    save_grid(PoseDataset(options.data, skeleton, options.loop.seed, teacher, kept), path)
    return {"picture": str(path)}


def _train(options: TrainOptions, resume: bool) -> dict[str, Any]:
    """The report of the first process; nothing in the others."""
    from edgepose.cli.progress import track
    from edgepose.cli.signals import ending_on_signals
    from edgepose.training.network.pose_network import count_flop, count_parameters
    from edgepose.training.run.distributed import Processes
    from edgepose.training.run.loop import Training

    processes = Processes.from_environment()
    try:
        training = Training(
            options, resume=resume, processes=processes, progress=lambda pictures: track(pictures, "pictures read")
        )
        with ending_on_signals(training.stop):
            report = training.run()
        report |= {
            "parameters": count_parameters(training.network),
            "gflop_224x320": count_flop(training.network, (224, 320)) / 1e9,
        }
    finally:
        processes.leave()
    return report if processes.first else {}
