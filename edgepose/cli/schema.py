"""`edgepose schema`: the JSON schemas of MQTT payloads and recordings, and the AsyncAPI document of all topics."""

from __future__ import annotations

import argparse

from edgepose.cli.output import print_report

HELP = "print the JSON schemas of MQTT payloads and recordings"
EXAMPLE = """examples:
  edgepose schema                  all of them, by name
  edgepose schema alert > alert.schema.json
  edgepose schema --asyncapi > edgepose.asyncapi.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="skeleton, occupancy, fall, alert, drill, event, health, stats, info, ack, frame",
    )
    what.add_argument(
        "--asyncapi", action="store_true", help="one AsyncAPI 3 document of all topics, payloads and promises"
    )


def run(args: argparse.Namespace) -> int:
    from edgepose.errors import DataError
    from edgepose.publish.schema import schemas

    if args.asyncapi:
        from edgepose.publish.asyncapi import document

        print_report(document(), as_json=True)
        return 0
    found = schemas()
    if args.name is not None and args.name not in found:
        raise DataError(f"no message named {args.name!r}; there are {', '.join(found)}")
    print_report(found[args.name] if args.name else found, as_json=True)
    return 0
