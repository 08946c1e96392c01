"""`edgepose doctor`: what this machine has and lacks for EdgePose, with the fix for each lack."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edgepose.cli.output import add_json_flag, print_report

HELP = "what this machine has and lacks, with the fix for each"
EXAMPLE = """examples:
  edgepose doctor
  edgepose doctor --mqtt mqtt://broker.lan --model pose.onnx
  sudo edgepose doctor --config /etc/edgepose/edgepose.toml --bundle trouble.tar.gz

ends with 1 when something is missing without which no video can be looked at"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mqtt", metavar="URL", help="broker to reach (default: the configuration's, or one here)")
    parser.add_argument("--config", metavar="FILE", help="configuration whose broker is reached, and that is bundled")
    parser.add_argument(
        "--bundle",
        metavar="FILE",
        help="write what a maintainer needs to see as .tar.gz: no secrets, pictures or skeletons",
    )
    parser.add_argument("--model", metavar="FILE", help="model to check (default: the network EdgePose ships)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.config import Config, load_config
    from edgepose.device.machine import examine

    mqtt = load_config(args.config).mqtt if args.config else Config().mqtt
    checks = examine(args.mqtt or mqtt.url or "mqtt://localhost:1883", args.model, mqtt)
    if args.bundle:
        from edgepose.device.bundle import write_bundle

        names = write_bundle(Path(args.bundle), checks, Path(args.config) if args.config else None)
        print(f"{args.bundle}: {', '.join(names)}; look into it before you pass it on", file=sys.stderr)
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
