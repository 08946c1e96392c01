"""`edgepose config`: write, check, show and document configuration files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import ConfigError

HELP = "write, check and show configuration files"
EXAMPLE = """examples:
  edgepose config init                                   # with the cameras and the broker that are found
  edgepose config init edgepose.toml --source rtsp://camera.lan/stream --mqtt mqtt://localhost
  edgepose config check edgepose.toml
  edgepose config show edgepose.toml"""

DEFAULT_PATH = "edgepose.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = verbs.add_parser("init", help="write a commented file to start from")
    init.add_argument("file", nargs="?", default=DEFAULT_PATH, help=f"where to write, - for stdout ({DEFAULT_PATH})")
    init.add_argument(
        "--source", metavar="URI", action="append", help="video or camera address, may be repeated (default: found)"
    )
    init.add_argument("--mqtt", metavar="URL", help="broker to publish to (default: one on this machine)")
    init.add_argument("--force", action="store_true", help="write over an existing file")
    check = verbs.add_parser("check", help="say whether a file can be used, and what is wrong with it")
    check.add_argument("file", nargs="?", default=DEFAULT_PATH, help=f"TOML file ({DEFAULT_PATH})")
    add_json_flag(check)
    show = verbs.add_parser("show", help="print every key with the value it has, defaults included")
    show.add_argument("file", nargs="?", help="TOML file; left out, the defaults")
    add_json_flag(show)
    schema = verbs.add_parser("schema", help="print the JSON schema of the file, for editors")
    schema.add_argument("--markdown", action="store_true", help="the same as tables for people")


def run(args: argparse.Namespace) -> int:
    return {"init": _init, "check": _check, "show": _show, "schema": _schema}[args.action](args)


def _init(args: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from edgepose.config import Config, SourceEntry
    from edgepose.config.text import as_toml
    from edgepose.device import found
    from edgepose.files import write_atomically
    from edgepose.redaction import shown

    if args.file != "-" and os.path.lexists(args.file) and not args.force:
        raise ConfigError(f"{args.file} exists already; choose another name or overwrite it with --force")
    hosts = [] if args.source else found.network_cameras()
    sources = args.source or found.cameras() or ["synthetic://?people=2"]
    config = Config(sources=tuple(SourceEntry(uri=uri) for uri in sources))
    config = replace(config, mqtt=replace(config.mqtt, url=args.mqtt or found.broker()))
    text = "# EdgePose. A key with # in front keeps its default.\n" + "".join(
        f"# A network camera answers at {host}: its stream is often rtsp://USER:PASSWORD@{host}:554/...\n"
        for host in hosts
    )
    text += "\n" + as_toml(config, only_changed=True)
    if args.file == "-":
        sys.stdout.write(text)
        return 0
    path = Path(args.file)
    write_atomically(path, text.encode())  # private: it may hold passwords
    for uri in sources:
        print(f"source {shown(uri)}", file=sys.stderr)
    for host in hosts:
        print(f"network camera at {host}: ask its maker or its page for the address of its stream", file=sys.stderr)
    print(f"broker {shown(config.mqtt.url) or 'none found'}", file=sys.stderr)
    print(f"wrote {args.file}; edit it, then: edgepose run --config {args.file}", file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> int:
    from edgepose.config import load_config
    from edgepose.pipeline.checking import check
    from edgepose.redaction import shown

    config = load_config(args.file)
    check(config)
    report = {
        "file": args.file,
        "sources": [shown(source.uri) for source in config.sources],
        "rules": list(config.rules),
        "mqtt": shown(config.mqtt.url) or "off",
    }
    print_report(report, as_json=args.json)
    return 0


def _show(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.config import Config, load_config
    from edgepose.config.text import as_toml
    from edgepose.redaction import redact, shown

    config = load_config(args.file) if args.file else Config()
    if args.json:
        print_report(_redacted(msgspec.to_builtins(config), shown), as_json=True)
    else:
        sys.stdout.write(redact(as_toml(config)))
    return 0


def _schema(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.config import Config

    if args.markdown:
        from edgepose.config.text import as_markdown

        sys.stdout.write(as_markdown())
    else:
        print_report(msgspec.json.schema(Config), as_json=True)
    return 0


def _redacted(value: Any, shown: Callable[[str], str]) -> Any:
    """The same values without the passwords in their addresses."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {key: _redacted(one, shown) for key, one in value.items()}
    return [_redacted(one, shown) for one in value] if isinstance(value, (list, tuple)) else value
