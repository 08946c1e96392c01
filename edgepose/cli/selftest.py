"""edgepose selftest: a board, end to end, in one report file."""

from __future__ import annotations

import argparse
import sys

from edgepose.cli.numbers import whole
from edgepose.cli.output import add_json_flag, print_report

HELP = "Build and run engines on this board, compare them with the CPU, measure fps, memory and power."
EXAMPLE = """example:
  edgepose selftest --images pictures -o selftest.json
Without --model the shipped network and its calibrated form are tested."""


_MAX_PICTURES = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("--model", metavar="ONNX", help="FP32 model (the shipped one)")
    parser.add_argument("--int8-model", metavar="ONNX", help="its calibrated form (the shipped one's)")
    parser.add_argument("--images", required=True, metavar="DIR", help="pictures of people, to compare results on")
    parser.add_argument("--runs", type=whole(1, 1_000_000), default=200, metavar="N", help="inferences timed (200)")
    parser.add_argument("-o", "--output", default="selftest.json", metavar="FILE", help="report file (selftest.json)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """0 when nothing failed and the engines ran, 1 otherwise."""
    from itertools import islice
    from pathlib import Path

    import msgspec

    from edgepose.device.selftest import selftest
    from edgepose.engine.int8.pictures import readable
    from edgepose.errors import SourceError
    from edgepose.files import write_atomically
    from edgepose.model import model_path
    from edgepose.pictures import list_images

    model = model_path(args.model)
    calibrated = Path(args.int8_model) if args.int8_model else model.with_name(f"{model.stem}.int8.onnx")
    pictures = list(islice(filter(readable, list_images(args.images)), _MAX_PICTURES))
    if not pictures:
        raise SourceError(f"no picture in '{args.images}' can be read; give a folder of pictures of people")
    report = selftest(model, calibrated if calibrated.is_file() else None, pictures, args.runs)
    data = msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
    write_atomically(Path(args.output), data, 0o644)
    if args.json:
        print_report(msgspec.to_builtins(report), as_json=True)
    else:
        for step in report.steps:
            print(f"{step.status:<8} {step.name:<26} {step.note or _words(step.figures)}")
        print(f"report: {args.output}")
    engines = [step for step in report.steps if step.name.startswith("speed") and step.status == "ok"]
    if not engines:
        print("edgepose: no engine could run here; the steps above say why", file=sys.stderr)
    return 0 if report.passed and engines else 1


def _words(figures: dict[str, object]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()
    )
