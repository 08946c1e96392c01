"""`edgepose mqtt watch`: what devices say on a broker, as lines to read; `forget` clears what is kept there, `failed`
says there that a service has given up."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgepose.cli.numbers import WEEK_S, real

if TYPE_CHECKING:
    from edgepose.publish.mqtt.watch import Message
    from edgepose.publish.options import MqttOptions

HELP = "watch what devices say on a broker: skeletons, occupancy, falls, alerts, health; forget a device there"
EXAMPLE = """examples:
  edgepose mqtt watch
  edgepose mqtt watch --url mqtt://user:password@broker.lan --device hall-jetson
  edgepose mqtt watch --url mqtts://broker.lan --ca-file ca.pem
  edgepose mqtt watch --only alert --only silent
  edgepose mqtt watch --url mqtt://broker.lan --fleet
  edgepose mqtt watch --json | jq 'select(.topic | endswith("/alert")) | .payload.event_type'
  edgepose mqtt forget --device hall-jetson
  edgepose mqtt failed --config /etc/edgepose/edgepose.toml      # what edgepose-failed@.service runs"""

KINDS = ("alert", "fall", "event", "occupancy", "skeleton", "status", "health", "stats", "info", "silent")
"""What `watch --only` takes: last words of topics; `silent` is the watch's own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    watch = actions.add_parser("watch", help="print every message as it comes, until interrupted")
    forget = actions.add_parser("forget", help="clear what the broker and Home Assistant keep of a device")
    failed = actions.add_parser("failed", help="say `health: failed` for a service that has given up")
    failed.add_argument("--config", metavar="FILE", required=True, help="configuration of that service")
    for one in (watch, forget):
        one.add_argument("--url", metavar="URL", help="broker (default: the configuration's, or mqtt://localhost)")
        one.add_argument("--config", metavar="FILE", help="configuration with the broker, as `run` takes it")
        one.add_argument(
            "--ca-file", metavar="FILE", help="certificates to trust with mqtts:// (default: the system's)"
        )
        one.add_argument(
            "--password-file", metavar="FILE", help="file with the password (default: the configuration's)"
        )
    watch.add_argument("--device", default="+", metavar="NAME", help="one device only")
    watch.add_argument(
        "--only", action="append", choices=KINDS, metavar="KIND", help=f"of these only, repeatable: {', '.join(KINDS)}"
    )
    watch.add_argument("--fleet", action="store_true", help="one line a device, whenever something about it changes")
    watch.add_argument("--seconds", type=real(0.1, WEEK_S), metavar="S", help="end after so long")
    watch.add_argument("--json", action="store_true", help="one JSON document per message: topic, retained, payload")
    forget.add_argument("--device", metavar="NAME", help="its name (default: the configuration's, or this host's)")
    forget.add_argument("--running", action="store_true", help="also where the broker has it as online")
    forget.add_argument("--json", action="store_true", help="the topics that were cleared, as JSON")


def run(args: argparse.Namespace) -> int:
    return {"watch": _watch, "forget": _forget, "failed": _failed}[args.action](args)


def _failed(args: argparse.Namespace) -> int:
    from pathlib import Path

    from edgepose.cli.output import print_report
    from edgepose.device.failed import say_failed

    print_report({"health": "failed", "broker": say_failed(Path(args.config)) or "none"}, as_json=False)
    return 0


def _forget(args: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from edgepose.cli.output import print_report
    from edgepose.config import load_config
    from edgepose.errors import ConfigError
    from edgepose.publish.mqtt.forget import forget

    options = _options(args)
    if args.config and not args.url and not load_config(args.config).mqtt.url:
        raise ConfigError(f"{args.config} names no broker; name the one to clear with --url mqtt://HOST")
    cleared = forget(replace(options, device=args.device) if args.device else options, running=args.running)
    print_report({"cleared": cleared if args.json else len(cleared)}, as_json=args.json)
    return 0


def _watch(args: argparse.Namespace) -> int:
    from edgepose.cli.signals import ending_on_signals, exit_code
    from edgepose.publish.mqtt.watch import Watch

    told = _of_fleet(args.json) if args.fleet else _json if args.json else _line
    with Watch(_options(args), args.device) as watch, ending_on_signals(watch.close) as received:
        for message in watch.messages(args.seconds):
            if args.only and message.kind not in args.only:
                continue
            words = told(message)
            if words is not None:
                print(words, flush=True)
    return exit_code(received)


def _options(args: argparse.Namespace) -> MqttOptions:
    """Of the configuration, where one is named, with what the command line says in its place."""
    from msgspec.structs import replace

    from edgepose.config import load_config
    from edgepose.publish.options import MqttOptions

    options = load_config(args.config).mqtt if args.config else MqttOptions()
    if args.url:
        options = replace(options, url=args.url, fallbacks=())
    elif not options.url:
        options = replace(options, url="mqtt://localhost")
    given = {"ca_file": args.ca_file, "password_file": args.password_file}
    return replace(options, **{name: value for name, value in given.items() if value})


def _of_fleet(as_json: bool) -> Callable[[Message], str | None]:
    """What to print of a message where devices count, None where nothing about its device changed."""
    from dataclasses import asdict

    import msgspec

    from edgepose.publish.mqtt.fleet import Fleet

    fleet = Fleet()

    def told(message: Message) -> str | None:
        device = fleet.take(message)
        if device is None:
            return None
        words = msgspec.json.encode(asdict(device)).decode() if as_json else device.line()
        return words if as_json else "".join(letter if letter.isprintable() else "?" for letter in words)

    return told


def _json(message: Message) -> str:
    import msgspec

    document = {"topic": message.topic, "retained": message.retained, "payload": message.payload}
    return msgspec.json.encode(document).decode()


def _line(message: Message) -> str:
    where = message.topic.split("/", 2)[-1].replace("/cam/", " ")
    try:
        words = _words(message.kind, message.payload)
    except (KeyError, TypeError, ValueError, AttributeError):  # not one of ours, on one of our topics
        words = str(message.payload)
    line = f"{where:<32} {'(kept) ' if message.retained else ''}{words}"
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _words(kind: str, payload: Any) -> str:
    if kind == "skeleton":
        people = ", ".join(_person(person) for person in payload["p"])
        return f"frame {payload['seq']}: {payload['n']} people" + (f": {people}" if people else "")
    if kind == "occupancy":
        return f"{payload['state']}, {payload['count']} people"
    if kind == "fall":
        return str(payload["state"]) + (
            f", {payload['stage']}, alert {payload['alert_id']}" if payload["stage"] else ""
        )
    if kind == "alert":
        return _alert(payload)
    if kind == "event":
        return f"{payload['kind']} {payload['stage']}" + _of(payload["track_id"])
    if kind == "health":
        return str(payload["level"]) + "".join(f"; {reason['code']}: {reason['hint']}" for reason in payload["reasons"])
    if kind == "stats":
        return ", ".join(f"{name} {value}" for name, value in payload.items() if isinstance(value, (int, float, str)))
    if kind == "info":
        model = payload.get("model") or {}
        cameras = ", ".join(str(camera.get("name", camera)) for camera in payload.get("cameras", []))
        return f"model {model.get('name', '?')} on {model.get('backend', '?')}, cameras {cameras or 'none'}"
    return str(payload)


def _person(person: dict[str, Any]) -> str:
    posture = f" {person['st']}" if "st" in person else ""
    x0, y0, x1, y1 = person["b"]
    return f"#{person['i']}{posture} at {(x0 + x1) / 2:.0f},{(y0 + y1) / 2:.0f}"


def _alert(payload: dict[str, Any]) -> str:
    drill = "DRILL " if payload["drill"] else ""
    evidence = ", ".join(f"{name} {value}" for name, value in payload["evidence"].items())
    return (
        f"{drill}{payload['severity'].upper()} {payload['event_type']} ({payload['type']}){_of(payload['track_id'])}, "
        f"score {payload['score']}, {payload['captured']}, number {payload['seq']}; {evidence}"
    )


def _of(track_id: int | None) -> str:
    return "" if track_id is None else f" of person {track_id}"
