"""edgepose build: a TensorRT engine for this device."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import ConfigError

if TYPE_CHECKING:
    from edgepose.engine.tensorrt.job import Built

HELP = "Build a TensorRT engine on the device it will run on; an engine that still fits is kept."
EXAMPLE = """example:
  edgepose build pose-int8.onnx --precision int8          # explicit INT8: the model carries its ranges
  edgepose build pose-int8.onnx --precision int8 --calibration pose-int8.cache --dla 0
  sudo -u edgepose edgepose build --config /etc/edgepose/edgepose.toml
writes pose-int8.engine beside the model, where every verb finds it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("model", nargs="?", help="ONNX file; for INT8 the one that `edgepose calibrate` wrote")
    parser.add_argument("--config", metavar="FILE", help="build what this configuration runs, where its service looks")
    parser.add_argument("-o", "--output", metavar="ENGINE", help="engine file (the model's name with .engine)")
    parser.add_argument("--precision", choices=("int8", "fp16", "fp32", "best"), default="best")
    parser.add_argument("--size", metavar="HxW", help="input size, such as 224x320; the model's own when left out")
    parser.add_argument("--max-batch", type=int, default=4, metavar="N", help="most pictures at once (4)")
    parser.add_argument("--workspace-mb", type=int, default=1024, metavar="MB", help="memory to try kernels in (1024)")
    parser.add_argument("--calibration", metavar="CACHE", help="calibration cache, for TensorRT <= 10 and DLA")
    parser.add_argument("--images", metavar="DIR", help="pictures to feed where TensorRT refuses the cache")
    parser.add_argument("--dla", type=int, metavar="N", help="run on this deep learning accelerator")
    parser.add_argument(
        "--float-input", action="store_true", help="the engine takes normalised float32, for programs of others"
    )
    parser.add_argument("--compute-capability", default="", metavar="SMxx", help="TensorRT-RTX only: for this GPU")
    parser.add_argument("--force", action="store_true", help="build even if the engine at hand fits")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """0 when an engine that fits is there."""
    if (args.model is None) == (args.config is None):
        raise ConfigError("give either a model to build, or --config FILE for what that configuration runs")
    return _report(args, _of_config(args) if args.config else _of_model(args))


def _of_config(args: argparse.Namespace) -> Built:
    from edgepose.config import load_config
    from edgepose.device.building import noted_build
    from edgepose.engine.tensorrt.plan import build_planned

    config = load_config(args.config)
    with noted_build():
        return build_planned(config, step=_Steps())


def _of_model(args: argparse.Namespace) -> Built:
    import msgspec

    from edgepose.backends.engine_place import engine_to_build
    from edgepose.cli.size import parse_size
    from edgepose.engine.tensorrt.job import BuildRequest, build
    from edgepose.engine.tensorrt.options import BuildOptions
    from edgepose.model import model_path

    options = {
        "precision": args.precision,
        "max_batch": args.max_batch,
        "workspace_mb": args.workspace_mb,
        "pixels": not args.float_input,
        "dla": args.dla,
        "compute_capability": args.compute_capability,
    }
    try:
        checked = msgspec.convert(options, BuildOptions)
    except msgspec.ValidationError as error:
        raise ConfigError(f"cannot build like that: {error}") from None
    model = model_path(args.model)
    request = BuildRequest(
        model=str(model),
        engine=args.output or str(engine_to_build(model)),
        options=checked,
        input_hw=parse_size(args.size),
        calibration=args.calibration,
        images=args.images,
        force=args.force,
    )
    return build(request, step=_Steps())


def _report(args: argparse.Namespace, built: Built) -> int:
    import msgspec

    if built.changed and not built.reused:
        print(f"edgepose: built because {built.changed}", file=sys.stderr)
    report = {
        "engine": built.engine,
        "seconds": round(built.seconds, 2),
        "reused": built.reused,
        "changed": built.changed,
        "precision": built.key.precision,
        "versions": {"tensorrt": built.key.tensorrt, "jetpack": built.key.jetpack},
        "key": msgspec.to_builtins(built.key),
    }
    print_report(report, as_json=args.json)
    return 0


class _Steps:
    """Tells each phase's tenths on stderr; TensorRT reports thousands of steps."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def __call__(self, phase: str, share: float) -> None:
        tenth = int(share * 10)
        if tenth > self._told.get(phase, 0):
            self._told[phase] = tenth
            print(f"{phase}: {tenth * 10} %", file=sys.stderr, flush=True)
