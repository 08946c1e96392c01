"""`edgepose replay --incidents`: what other settings would have made of the falls that people answered."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from edgepose.cli.incident_recordings import MOST, recorded
from edgepose.cli.output import print_report
from edgepose.cli.records import print_table, records_of

if TYPE_CHECKING:
    from edgepose.replay import Recording, Told

_ALARMS = {"suspected", "confirmed", "long_lie", "found_down"}


def run_incidents(args: argparse.Namespace) -> int:
    """A line for each fall of the list, and how many marked ones would still alarm."""
    from edgepose.config import Config, load_config
    from edgepose.replay import replay

    config = load_config(args.config) if args.config else Config()
    other = load_config(args.compare) if args.compare else None
    records = records_of(args)
    falls = [one for one in records.incidents(MOST) if not one.drill and one.stage not in ("help", "no_motion")]
    rows: list[dict[str, Any]] = []
    for incident, recordings in recorded(records, falls):
        row: dict[str, Any] = {"id": incident.id, "camera": incident.camera, "mark": incident.action}
        row["now"] = _stages(recordings, lambda one: replay(one, config, ("fall",))) if recordings else None
        if other is not None:
            row["then"] = _stages(recordings, lambda one: replay(one, other, ("fall",))) if recordings else None
        rows.append(row)
    report: dict[str, Any] = {"place": records.place, "incidents": len(rows)}
    report["without_skeletons"] = sum(row["now"] is None for row in rows)
    for mark in ("false_alarm", "helped"):
        marked = [row for row in rows if row["mark"] == mark and row["now"] is not None]
        report[mark] = {"marked": len(marked)} | {
            when: sum(bool(row[when]) for row in marked) for when in ("now", "then") if when == "now" or other
        }
    if args.json:
        print_report({**report, "falls": rows}, as_json=True)
        return 0
    print_report({name: value for name, value in report.items() if not isinstance(value, dict)}, as_json=False)
    print_table([[row["id"], row["camera"], row["mark"] or "-", *map(_words, _found(row))] for row in rows])
    for mark in ("false_alarm", "helped"):
        print(_sentence(mark, report[mark]))
    return 0


def _stages(recordings: Iterable[Recording], judged: Any) -> list[str]:
    """The alarming stages that rules reach, each once."""
    told: list[Told] = [one for recording in recordings for one in judged(recording)]
    return sorted({one.event.stage for one in told if one.event.stage in _ALARMS})


def _found(row: dict[str, Any]) -> list[list[str] | None]:
    return [row[when] for when in ("now", "then") if when in row]


def _words(stages: list[str] | None) -> str:
    return "no skeletons" if stages is None else ", ".join(stages) or "nothing"


def _sentence(mark: str, counts: dict[str, int]) -> str:
    then = f", {counts['then']} with the other configuration" if "then" in counts else ""
    return f"{counts['marked']} marked {mark}: {counts['now']} alarm{then}"
