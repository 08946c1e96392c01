"""`edgepose alert test`: a marked drill through the broker, so that everybody knows the alert arrives."""

from __future__ import annotations

import argparse

from edgepose.cli.output import add_json_flag, print_report

HELP = "send a marked drill alert to the broker"
EXAMPLE = """examples:
  edgepose alert test --mqtt mqtt://localhost --camera kitchen
  edgepose alert test --config edgepose.toml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    test = actions.add_parser("test", help="send one alert marked as a drill, and its end")
    test.add_argument("--config", metavar="FILE", help="configuration with the broker")
    test.add_argument("--mqtt", metavar="URL", help="broker, such as mqtt://localhost:1883")
    test.add_argument("--camera", metavar="NAME", default="drill", help="camera it seems to come from (default: drill)")
    add_json_flag(test)


def run(args: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from edgepose.config import Config, load_config
    from edgepose.errors import ConfigError
    from edgepose.publish.mqtt.drill import send_drill

    options = (load_config(args.config) if args.config else Config()).mqtt
    if args.mqtt:
        options = replace(options, url=args.mqtt)
    if not options.url:
        raise ConfigError("a drill needs a broker; name one with --mqtt mqtt://HOST, or with mqtt.url in --config")
    alert, heard = send_drill(options, args.camera)
    report = {
        "id": alert.id,
        "device": alert.device,
        "cam": alert.cam,
        "handed_over": True,
        "somebody_subscribes": heard,
    }
    print_report(report, as_json=args.json)
    return 0
