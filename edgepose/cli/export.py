"""`edgepose export`: a checkpoint in, an ONNX file with its sidecar out."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import MissingDependencyError

HELP = "write a checkpoint as ONNX with its sidecar, and check that both answer alike"
EXAMPLE = """example:
  edgepose export out/train/best.pt -o pose.onnx"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="checkpoint of `edgepose train`")
    parser.add_argument("-o", "--output", metavar="M.onnx", type=Path, required=True, help="where the network goes")
    parser.add_argument("--full-precision", action="store_true", help="store weights as float32 instead of float16")
    parser.add_argument("--size", metavar="HxW", default="256x456", help="declared input size (default: 256x456)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from edgepose.training.weights import checkpoint
        from edgepose.training.weights.export import export, parse_size
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"exporting needs PyTorch ({error}); pip install 'edgepose[train]'") from None
    input_hw = parse_size(args.size)
    content = checkpoint.load(args.checkpoint)
    network = checkpoint.rebuild(content["network"], content["ema"])
    report = export(network, args.output, half=not args.full_precision, input_hw=input_hw)
    print_report(report, as_json=args.json)
    return 0
