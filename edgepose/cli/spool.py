"""`edgepose spool`: the alerts that wait until somebody has them."""

from __future__ import annotations

import argparse

from edgepose.cli.numbers import whole
from edgepose.cli.output import print_report
from edgepose.cli.records import add_place, print_table, records_of, write_lines

HELP = "alerts that wait until somebody has them: list them, send them again, write them to a file"
EXAMPLE = """examples:
  sudo edgepose spool ls
  sudo edgepose spool replay
  sudo edgepose spool export -o waiting.jsonl
  edgepose spool ls --spool copy/alerts.db --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("ls", help="alerts that wait, by number")
    listing.add_argument("-n", type=whole(1, 50_000), default=50, metavar="N", help="so many (default: 50)")
    add_place(listing)
    add_place(
        actions.add_parser(
            "replay", help="have everything that waits offered again now; without a service, by this verb"
        )
    )
    export = actions.add_parser("export", help="every alert that waits, one JSON document a line")
    export.add_argument("-o", "--output", metavar="FILE", help="file to write (default: stdout)")
    add_place(export)


def run(args: argparse.Namespace) -> int:
    from itertools import islice

    from edgepose.device.records import all_waiting

    records = records_of(args)
    about = {"place": records.place, "service_runs": records.is_running}
    if args.action == "replay":
        print_report({**about, **records.try_again()}, as_json=args.json)
    elif args.action == "export":
        alerts = all_waiting(records)
        if args.json:
            print_report({**about, "alerts": list(map(_document, alerts))}, as_json=True)
        else:
            n = write_lines(alerts, args.output)
            if args.output:
                print_report({**about, "alerts": n, "file": args.output}, as_json=False)
    else:
        waiting, first = records.waiting()[0], list(islice(all_waiting(records), args.n))
        if args.json:
            print_report({**about, "waiting": waiting, "alerts": list(map(_document, first))}, as_json=True)
        else:
            print_report({**about, "waiting": waiting}, as_json=False)
            print_table([[one.seq, one.captured, one.cam, one.event_type, one.severity, one.id] for one in first])
    return 0


def _document(alert: object) -> object:
    import msgspec

    return msgspec.to_builtins(alert)
