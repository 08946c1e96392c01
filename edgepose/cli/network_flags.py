"""The flags of verbs that run a network: which one, in what, how large its input is, and who counts as a person."""

from __future__ import annotations

import argparse

from edgepose.cli.numbers import HEIGHT, SCORE

CPU_OR_GPU = {"gpu": "tensorrt", "cpu": "cpu"}
"""Backends by what `--compute` calls them; `cpu` is the best runtime for it that is installed."""


def add_network_flags(parser: argparse.ArgumentParser) -> None:
    """--model, --height, --min-score, and --backend or --compute."""
    parser.add_argument("--model", metavar="FILE", help="file, or a shipped network by name (edgepose-lite)")
    parser.add_argument("--height", metavar="PX", type=HEIGHT, help="height of the network's input (default: its own)")
    parser.add_argument("--min-score", metavar="S", type=SCORE, help="smallest score of a person, 0 to 1")
    runtime = parser.add_mutually_exclusive_group()
    runtime.add_argument("--backend", metavar="NAME", help="tensorrt, openvino, onnxruntime or replay (default: auto)")
    runtime.add_argument("--compute", choices=sorted(CPU_OR_GPU), help="where it computes (default: what is faster)")


def backend_name(args: argparse.Namespace) -> str | None:
    """The backend that the flags name; None where they leave the choice."""
    return args.backend or CPU_OR_GPU.get(args.compute)
