"""edgepose engine ls|verify|gc|use|running: the engines on this device."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from edgepose.cli.output import add_json_flag, print_report

HELP = "List engines, verify them without loading any, remove those that no longer fit, choose the network in use."
EXAMPLE = """example:
  edgepose engine ls models
  edgepose engine verify models/pose.engine
  edgepose engine gc models --dry-run
  edgepose engine running                  # what the service runs its network with
  edgepose engine use edgepose-nano        # where the configuration names no model; a running service takes it
  edgepose engine use --back"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "action",
        choices=("ls", "verify", "gc", "use", "running"),
        help="ls lists, verify fails on a bad one, gc removes, use switches the network, running asks the service",
    )
    parser.add_argument("place", nargs="?", help="engine file, or folder of engines (here); for use: a model")
    parser.add_argument("--back", action="store_true", help="use: the network that was in use before")
    parser.add_argument("--dry-run", action="store_true", help="gc: say what would go, and leave it")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """0; for verify 1 unless every engine fits."""
    if args.action in ("use", "running"):
        return _use(args) if args.action == "use" else _running(args)
    import msgspec

    from edgepose.engine.tensorrt.store import delete, engines, examine, leftovers, remove

    tensorrt, gpu = _here()
    place = Path(args.place or ".")
    states = [examine(path, tensorrt, gpu) for path in engines(place)]
    removed: list[str] = []
    if args.action == "gc":
        gone = [Path(state.engine) for state in states if state.state != "fits"]
        parts = leftovers(place) if place.is_dir() else []
        removed = [str(path) for path in [*gone, *parts]]
        if not args.dry_run:
            for path in gone:
                remove(path)
            for path in parts:
                delete(path)
    if args.json:
        report = {"engines": [msgspec.to_builtins(state) for state in states], "removed": removed}
        print_report(report, as_json=True)
    else:
        for state in states:
            facts = f"{state.megabytes} MB {state.precision} TensorRT {state.tensorrt} {state.gpu}"
            print(f"{state.state:<8} {state.engine}  {state.reason or facts}")
        for name in removed:
            print(f"{'would remove' if args.dry_run else 'removed'} {name}")
        if not states:
            print(f"no engines in '{place}'")
    return 1 if args.action == "verify" and any(state.state != "fits" for state in states) else 0


def _use(args: argparse.Namespace) -> int:
    """Have the engine of a network built where it is not there, and only then switch."""
    from msgspec.structs import replace

    from edgepose.backends.in_use import in_use, use
    from edgepose.backends.tensorrt import gpu_trouble
    from edgepose.config import Config
    from edgepose.engine.tensorrt.plan import build_planned
    from edgepose.errors import ConfigError
    from edgepose.model import load_spec, model_path, shipped_models

    if args.back == bool(args.place):
        raise ConfigError("give a model to use, or --back for the one before")
    wanted = in_use().before if args.back else args.place
    model = model_path(wanted)
    load_spec(model)
    name = wanted if wanted in ("", *shipped_models()) else str(model.absolute())
    trouble = gpu_trouble()
    report = {"model": str(model), "before": str(model_path(in_use().model))}
    if trouble:
        report["engine"] = f"none built: {trouble}"
    else:
        config = Config()
        report["engine"] = build_planned(replace(config, model=replace(config.model, path=str(model)))).engine
    use(name)
    print_report(report, as_json=args.json)
    return 0


def _running(args: argparse.Namespace) -> int:
    from edgepose.device.control import ask, running
    from edgepose.device.requests import About
    from edgepose.errors import ControlError

    service = running()
    if service is None:
        raise ControlError("no service runs here; start it with: systemctl start edgepose")
    print_report(ask(service, About()), as_json=args.json)
    return 0


def _here() -> tuple[str | None, tuple[str, str] | None]:
    """TensorRT's version and the GPU, each None where this machine has none."""
    from edgepose.backends.device_memory import PycudaMemory
    from edgepose.backends.tensorrt import tensorrt_module
    from edgepose.errors import EdgePoseError

    tensorrt: str | None = None
    gpu: tuple[str, str] | None = None
    with contextlib.suppress(EdgePoseError):
        tensorrt = str(tensorrt_module().__version__)
    with contextlib.suppress(EdgePoseError):
        memory = PycudaMemory()
        gpu = memory.device.name, memory.device.compute_capability
        memory.close()
    return tensorrt, gpu
