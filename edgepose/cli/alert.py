"""`edgepose alert`: incidents and their end, and a marked drill, so that everybody knows an alert arrives."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from edgepose.cli.numbers import real, whole
from edgepose.cli.output import add_json_flag, print_report
from edgepose.cli.records import add_place, me, print_table, records_of, skeleton_lines, write_lines

if TYPE_CHECKING:
    from edgepose.alerts.store import Incident
    from edgepose.device.records import Records

HELP = "incidents: list, show, export, close them; send a marked drill"
EXAMPLE = """examples:
  sudo edgepose alert test --camera kitchen --answer-s 60
  edgepose alert test --mqtt mqtt://localhost --camera kitchen
  sudo edgepose alert ls --open
  sudo edgepose alert show 01999999-0000-7000-8000-000000000000
  sudo edgepose alert clear 01999999-0000-7000-8000-000000000000 --as false_alarm --by anna
  sudo edgepose alert export -o incidents.jsonl"""

_EVERYTHING = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    test = actions.add_parser("test", help="a drill by the service that runs, else one sent straight to a broker")
    test.add_argument("--config", metavar="FILE", help="configuration with the broker; asks no service")
    test.add_argument("--mqtt", metavar="URL", help="broker, such as mqtt://localhost:1883; asks no service")
    test.add_argument("--camera", metavar="NAME", default="drill", help="camera it seems to come from (default: drill)")
    test.add_argument(
        "--answer-s", type=real(0, 600), default=0.0, metavar="S", help="wait so long for a person to answer it"
    )
    add_json_flag(test)
    listing = actions.add_parser("ls", help="the newest incidents")
    listing.add_argument("--open", action="store_true", help="only those without an end")
    listing.add_argument("-n", type=whole(1, _EVERYTHING), default=20, metavar="N", help="so many (default: 20)")
    add_place(listing)
    show = actions.add_parser("show", help="one incident: its stages, who answered, the seconds since the impact")
    show.add_argument("id")
    show.add_argument(
        "--skeletons", metavar="FILE", help="write 30 s before and after it as lines that `edgepose replay` reads"
    )
    add_place(show)
    export = actions.add_parser("export", help=f"the newest {_EVERYTHING} incidents, one JSON document a line")
    export.add_argument("-o", "--output", metavar="FILE", help="file to write (default: stdout)")
    add_place(export)
    clear = actions.add_parser("clear", help="end an incident; who and when are kept with it")
    clear.add_argument("id")
    clear.add_argument("--as", dest="how", choices=("helped", "false_alarm"), help="how it went")
    clear.add_argument("--by", metavar="NAME", default=None, help="who says so (default: this user)")
    add_place(clear)


def run(args: argparse.Namespace) -> int:
    if args.action == "test":
        return _test(args)
    records = records_of(args)
    about: dict[str, Any] = {"place": records.place, "service_runs": records.is_running}
    if args.action == "clear":
        return _clear(args, about)
    if args.action == "show":
        incident = records.incident(args.id)
        if incident is None:
            raise _unknown(args.id, records.place)
        waiting = [one.seq for one in _waiting(records) if one.id == args.id]
        if args.skeletons:
            about |= {"frames": _write_skeletons(records, args.id, args.skeletons), "skeletons": args.skeletons}
        print_report({**_document(incident), "alerts_waiting": waiting, **about}, as_json=args.json)
        return 0
    incidents = records.incidents(_EVERYTHING)
    if args.action == "export" and not args.json:
        n = write_lines(incidents, args.output)
        if args.output:
            print_report({**about, "incidents": n, "file": args.output}, as_json=False)
        return 0
    if args.action == "ls":
        incidents = [one for one in incidents if one.closed is None or not args.open][: args.n]
    if args.json:
        print_report({**about, "incidents": [_document(one) for one in incidents]}, as_json=True)
    else:
        print_report({**about, "incidents": len(incidents)}, as_json=False)
        print_table([_row(one) for one in incidents])
    return 0


def _test(args: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from edgepose.config import Config, load_config
    from edgepose.device.control import ask, running
    from edgepose.device.requests import Drill
    from edgepose.errors import ConfigError
    from edgepose.publish.mqtt.drill import send_drill

    service = running() if not (args.mqtt or args.config) else None
    if service is not None:
        drill = Drill(args.camera, answer_s=args.answer_s)
        report = ask(service, drill, 2 * drill.hand_over_s + drill.answer_s + 10)
        print_report({**report, "service_runs": True}, as_json=args.json)
        reached = [report["handed_over"], report.get("second_way", True), report.get("answered", True)]
        return 0 if all(reached) else 1
    options = (load_config(args.config) if args.config else Config()).mqtt
    if args.mqtt:
        options = replace(options, url=args.mqtt)
    if not options.url:
        raise ConfigError(
            "a drill needs a broker, and no service runs here; name one with --mqtt mqtt://HOST, or in --config"
        )
    alert, heard = send_drill(options, args.camera)
    report = {
        "id": alert.id,
        "device": alert.device,
        "cam": alert.cam,
        "handed_over": True,
        "somebody_subscribes": heard,
        "service_runs": False,
    }
    print_report(report, as_json=args.json)
    return 0


def _clear(args: argparse.Namespace, about: dict[str, Any]) -> int:
    from edgepose.errors import DataError

    records = records_of(args)
    incident = records.incident(args.id)
    if incident is None:
        raise _unknown(args.id, records.place)
    if incident.closed is not None or records.clear(args.id, args.by or me(), args.how) is None:
        raise DataError(f"incident {args.id} has ended already ({incident.stage}, {incident.closed})")
    ended = records.incident(args.id)
    print_report({**_document(ended), **about}, as_json=args.json)
    return 0


def _write_skeletons(records: Records, incident_id: str, place: str) -> int:
    from pathlib import Path

    from edgepose.files import write_atomically

    lines = skeleton_lines(records, incident_id)
    write_atomically(Path(place), lines)
    return lines.count(b"\n")


def _unknown(incident_id: str, place: str) -> Exception:
    from edgepose.errors import DataError

    return DataError(f"'{place}' knows no incident {incident_id!r}; `edgepose alert ls` lists them")


def _waiting(records: Any) -> Any:
    from edgepose.device.records import all_waiting

    return all_waiting(records)


def _document(incident: Incident | None) -> dict[str, Any]:
    import msgspec

    return {} if incident is None else dict(msgspec.to_builtins(incident))


def _row(incident: Incident) -> list[object]:
    state = "open" if incident.closed is None else incident.action or "ended"
    who = incident.by or incident.seen or ""
    drill = "drill" if incident.drill else ""
    return [incident.started, incident.camera, incident.stage, state, who, drill, incident.id]
