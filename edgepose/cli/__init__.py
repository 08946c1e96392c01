"""The command line: one module per verb, each with `HELP`, `add_arguments(parser)` and `run(args) -> int`.

Heavy imports wait until a verb runs. Exit codes: 0 done, 1 an expected failure said in one sentence on stderr, 2 wrong
usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from edgepose.cli.usage import Parser, refuse_unknown, unknown_verb
from edgepose.errors import EdgePoseError

VERBS: dict[str, str] = {
    "run": "people and events of cameras and files, published as they are seen",
    "predict": "people of pictures and videos as COCO results, OpenPose JSON and drawn pictures",
    "evaluate": "COCO keypoint AP of a model on annotated pictures",
    "model": "the contract of a model file: what was assumed, what it finds in a picture",
    "camera": "what a camera gives: size, rate, brightness, people, one drawn picture, advice",
    "capture": "calibration pictures from a camera: different ones, over time, kept on this machine",
    "train": "train a network on COCO-style sets, on labelled and unlabelled pictures",
    "prune": "make a checkpoint's network narrower; retrain it afterwards",
    "export": "write a checkpoint as ONNX with its sidecar, and check that both answer alike",
    "calibrate": "INT8 ranges from pictures: a Q/DQ model, a calibration cache, a report with a verdict",
    "build": "a TensorRT engine for this device",
    "engine": "engines on this device: list, verify without loading, clean up",
    "selftest": "check a board end to end and write one report",
    "bench": "measure this machine: grouping, pipeline efficiency, publishing, start-up, memory, backends",
    "config": "write, check and show configuration files",
    "doctor": "what this machine has and lacks, with the fix for each",
    "status": "how the running service is, with the exit codes of monitoring",
    "view": "a page in the browser: skeletons, incidents to answer, zones to draw",
    "replay": "recorded skeletons through tracking and events",
    "fall-eval": "falls detected and missed, false alarms, on labelled clips, per data set and camera",
    "acts-eval": "postures, gestures and activities against labels, per data set and class",
    "tune": "which sensitivity and confirm time would have been best on recordings of one's own room",
    "alert": "incidents: list, show, export, close them; send a marked drill",
    "spool": "alerts that wait until somebody has them: list, send again, export",
    "mqtt": "watch what devices say on a broker, or clear what it keeps of one",
    "schema": "JSON schemas of everything EdgePose says",
}  # fmt: skip
"""Verbs in the order of the help text; `model check` lives in cli/model.py, `fall-eval` in cli/fall_eval.py."""


def _parser(verb: str | None) -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:<12} {text}" for name, text in VERBS.items())
    parser = Parser(
        prog="edgepose",
        description="Cameras into people, and people into events, on a small board.",
        epilog=f"verbs:\n{listing}\n\n`edgepose VERB --help` shows the options of a verb and an example.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name in VERBS if verb is None else [verb]:
        child = verbs.add_parser(name)
        if verb is not None:
            module = import_module(f"edgepose.cli.{name.replace('-', '_')}")
            child.description = module.HELP
            child.epilog = getattr(module, "EXAMPLE", None)
            module.add_arguments(child)
            child.set_defaults(run=module.run, parser=child)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    first = next((word for word in words if not word.startswith("-")), None)
    verb = first if first in VERBS else None
    try:
        if first is not None and verb is None:
            print(f"edgepose: {unknown_verb(first, VERBS)}", file=sys.stderr)
            return 2
        parser = _parser(verb)
        args, unknown = parser.parse_known_args(words)
        refuse_unknown(getattr(args, "parser", parser), unknown)
        if args.version:
            from edgepose import __version__

            print(f"edgepose {__version__}")
            return 0
        if args.verb is None:
            _parser(None).print_help(sys.stderr)
            return 2
        return int(args.run(args))
    except SystemExit as leaving:  # argparse: 0 after --help, 2 after wrong usage
        return int(leaving.code or 0)
    except KeyboardInterrupt as interrupt:
        print(f"edgepose: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EdgePoseError as error:
        print(f"edgepose: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        from edgepose.cli.needs import missing_package

        sentence = missing_package(error)
        if sentence is None:
            raise
        print(f"edgepose: {sentence}", file=sys.stderr)
        return 1
