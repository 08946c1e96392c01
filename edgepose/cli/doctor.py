"""`edgepose doctor`: what this machine has and lacks for EdgePose, with the fix for each lack."""

from __future__ import annotations

import argparse
import sys

from edgepose.cli.output import add_json_flag, print_report

HELP = "what this machine has and lacks, with the fix for each"
EXAMPLE = """examples:
  edgepose doctor
  edgepose doctor --mqtt mqtt://broker.lan --model pose.onnx

ends with 1 when something is missing without which no video can be looked at"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mqtt", metavar="URL", default="mqtt://localhost:1883", help="broker to reach (%(default)s)")
    parser.add_argument("--model", metavar="FILE", help="model to check (default: the network EdgePose ships)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.device.machine import examine

    checks = examine(args.mqtt, args.model)
    counts = {status: sum(check.status == status for check in checks) for status in ("ok", "warn", "fail")}
    if args.json:
        print_report({"checks": msgspec.to_builtins(checks), **counts}, as_json=True)
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            print(f"{check.status:<4}  {check.name:<{width}}  {check.found}")
            if check.fix:
                print(f"{'':<6}{'':<{width}}  -> {check.fix}")
    if counts["fail"]:
        print(f"edgepose: {counts['fail']} of {len(checks)} checks failed; each names its fix", file=sys.stderr)
    return 1 if counts["fail"] else 0
