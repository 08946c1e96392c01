"""`edgepose replay`: recorded people through tracking and the rules, without camera or network."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import DataError

if TYPE_CHECKING:
    from edgepose.replay import Spell

HELP = "recorded skeletons through tracking and events"
EXAMPLE = """examples:
  edgepose replay night.jsonl --config edgepose.toml
  edgepose replay clips/*.npz --compare stricter.toml
  sudo edgepose replay --incidents --config /etc/edgepose/edgepose.toml --compare stricter.toml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="lines of `run --jsonl`, or NPZ keypoints [T, P, 18, 3]"
    )
    parser.add_argument(
        "--incidents",
        action="store_true",
        help="the falls that were kept, with what people answered, in place of files",
    )
    parser.add_argument(
        "--spool", metavar="FILE", help="with --incidents: read this file instead of asking the service"
    )
    parser.add_argument("--config", metavar="FILE", help="configuration; without one, the defaults and every rule")
    parser.add_argument("--compare", metavar="FILE", help="second configuration: show which verdicts would change")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    if args.incidents and not args.files:
        from edgepose.cli.replay_incidents import run_incidents

        return run_incidents(args)
    if args.incidents or args.spool or not args.files:
        raise DataError("name recordings to replay, or --incidents (with --spool FILE) for those of the incident list")
    from edgepose.cli.progress import track
    from edgepose.config import Config, load_config
    from edgepose.replay import ALL_RULES, load_recording, replay, verdict

    config = load_config(args.config) if args.config else Config()
    other = load_config(args.compare) if args.compare else None
    rules = config.rules if args.config else ALL_RULES
    files: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    failed: list[DataError] = []
    for path in track(args.files, "recordings"):
        try:
            for recording in load_recording(path):
                spells: list[Spell] = []
                told = replay(recording, config, rules, spells)
                files.append(
                    {
                        "file": recording.name,
                        "events": [_event(one) for one in told],
                        "health": [_spell(one) for one in spells],
                    }
                )
                if other is None:
                    continue
                again = replay(recording, other, other.rules if args.config else rules)
                before, after = verdict(told), verdict(again)
                if before != after:
                    changed.append({"file": recording.name, "before": before, "after": after})
        except DataError as error:
            if len(args.files) == 1:
                raise
            failed.append(error)
            print(f"edgepose: skipped: {error}", file=sys.stderr)
    report: dict[str, Any] = {"files": files}
    if other is not None:
        report["changed"] = changed
    if args.json:
        print_report(report, as_json=True)
    else:
        _print(files, changed if other is not None else None)
    if failed:
        raise DataError(f"{len(failed)} of {len(args.files)} recordings could not be read; the first: {failed[0]}")
    return 0


def _spell(spell: Spell) -> dict[str, Any]:
    ended_t = None if spell.ended_t is None else round(spell.ended_t, 3)
    return {"code": spell.trouble.code, "began": round(spell.began_t, 3), "ended": ended_t, "hint": spell.trouble.hint}


def _event(told: Any) -> dict[str, Any]:
    event = told.event
    return {
        "kind": event.kind,
        "stage": event.stage,
        "frame": told.frame,
        "seconds": round(event.t, 3),
        "track_id": event.track_id,
        "score": round(float(event.score), 3),
        "evidence": dict(event.evidence),
    }


def _print(files: list[dict[str, Any]], changed: list[dict[str, Any]] | None) -> None:
    for file in files:
        print(f"{file['file']}: {len(file['events'])} events")
        for event in file["events"]:
            person = "" if event["track_id"] is None else f"  person {event['track_id']}"
            why = "  ".join(f"{name} {value}" for name, value in event["evidence"].items())
            print(f"  {event['seconds']:8.2f} s  {event['kind']} {event['stage']}{person}  {why}")
        for spell in file["health"]:
            until = "the end" if spell["ended"] is None else f"{spell['ended']:.2f} s"
            print(f"  {spell['began']:8.2f} s  {spell['code']} until {until}: {spell['hint']}")
    if changed is not None:
        print(f"{len(changed)} of {len(files)} verdicts would change")
        for one in changed:
            print(f"  {one['file']}: {', '.join(one['before']) or 'nothing'} -> {', '.join(one['after']) or 'nothing'}")
