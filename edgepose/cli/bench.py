"""`edgepose bench`: this machine's figures, each by name."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from edgepose.cli.output import add_json_flag, print_report

if TYPE_CHECKING:
    from edgepose.bench import Figure

HELP = "measure this machine: grouping, pipeline efficiency, publishing, start-up, memory, backends"
EXAMPLE = """examples:
  edgepose bench
  edgepose bench pipeline startup --json
  edgepose bench memory --video people.avi"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edgepose.bench import BENCHES

    listing = "; ".join(f"{name}: {text}" for name, text in BENCHES.items())
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"what to measure, all when left out ({listing})")
    parser.add_argument("--video", metavar="FILE", help="video for the memory figure (default: synthetic people)")
    parser.add_argument("--model", metavar="FILE", help="model for the backends (default: the one EdgePose ships)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.bench import BENCHES, Material, measure
    from edgepose.errors import ConfigError

    for name in args.name:
        if name not in BENCHES:
            raise ConfigError(f"no benchmark named {name!r}; there are {', '.join(BENCHES)}")
    figures: list[Figure] = []
    for name in args.name or BENCHES:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        found = measure(name, Material(args.video, args.model))
        figures += found
        if not args.json:
            for figure in found:
                print(_line(figure), flush=True)
    if args.json:
        print_report({figure.name: figure.value for figure in figures}, as_json=True)
    return 0


def _line(figure: Figure) -> str:
    wanted = f">= {figure.at_least:g}" if figure.at_least is not None else ""
    wanted = f"<= {figure.at_most:g}" if figure.at_most is not None else wanted
    verdict = "" if figure.reached is None else f"  ({wanted}: {'reached' if figure.reached else 'missed'})"
    return f"{figure.name:<32} {figure.value:>10g} {figure.unit:<14}{verdict}".rstrip()
