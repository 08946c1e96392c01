"""`edgepose schema`: the JSON schemas of MQTT payloads and recordings."""

from __future__ import annotations

import argparse

from edgepose.cli.output import print_report

HELP = "print the JSON schemas of MQTT payloads and recordings"
EXAMPLE = """examples:
  edgepose schema                  all of them, by name
  edgepose schema alert > alert.schema.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="skeleton, occupancy, fall, alert, event, health, frame"
    )


def run(args: argparse.Namespace) -> int:
    from edgepose.errors import DataError
    from edgepose.publish.schema import schemas

    found = schemas()
    if args.name is not None and args.name not in found:
        raise DataError(f"no message named {args.name!r}; there are {', '.join(found)}")
    print_report(found[args.name] if args.name else found, as_json=True)
    return 0
