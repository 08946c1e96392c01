"""edgepose engine ls|verify|gc: the engines on this device."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from edgepose.cli.output import add_json_flag, print_report

HELP = "List engines, verify them without loading any, remove those that no longer fit this device."
EXAMPLE = """example:
  edgepose engine ls models
  edgepose engine verify models/pose.engine
  edgepose engine gc models --dry-run"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "action", choices=("ls", "verify", "gc"), help="ls lists, verify fails on a bad one, gc removes"
    )
    parser.add_argument("place", nargs="?", default=".", help="engine file, or folder of engines (here)")
    parser.add_argument("--dry-run", action="store_true", help="gc: say what would go, and leave it")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """0; for verify 1 unless every engine fits."""
    import msgspec

    from edgepose.engine.tensorrt.store import delete, engines, examine, leftovers, remove

    tensorrt, gpu = _here()
    place = Path(args.place)
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
            print(f"no engines in '{args.place}'")
    return 1 if args.action == "verify" and any(state.state != "fits" for state in states) else 0


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
