"""`edgepose tune`: which sensitivity and confirm time would have been best on recordings of one's own room."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.incident_recordings import MOST, recorded
from edgepose.cli.output import print_report
from edgepose.cli.records import add_place, print_table, records_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgepose.config import Config
    from edgepose.replay.manifest import Clip
    from edgepose.replay.recording import Recording
    from edgepose.replay.tuning import Marked, Tried

HELP = "which sensitivity and confirm time would have been best on recordings marked right or wrong"
EXAMPLE = """examples:
  edgepose tune recordings.json --config edgepose.toml --picture trade-off.png
  sudo edgepose tune recordings.json --incidents --config /etc/edgepose/edgepose.toml
  edgepose tune --incidents --spool alerts.db --json

MANIFEST is fall-eval's: clips with a label, fall or not_fall; `file` may also be lines that `run --jsonl` or
`alert show --skeletons` wrote. --incidents adds the falls of the incident list that somebody answered: a false alarm
is a recording without a fall, a helped one a recording of one. Nothing is changed; second looks, which need pictures,
are left out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifests", metavar="MANIFEST", nargs="*", help="JSON list of labelled recordings")
    parser.add_argument("--incidents", action="store_true", help="use the answered falls of the incident list too")
    parser.add_argument("--picture", metavar="FILE", help="draw the trade-off there (.png)")
    add_place(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.cli.progress import track
    from edgepose.config import Config, load_config
    from edgepose.errors import DataError, FileError
    from edgepose.pictures import write_image
    from edgepose.replay.chart import draw_chart
    from edgepose.replay.tuning import best, today, trade_off, try_settings

    if args.picture and Path(args.picture).suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise FileError(f"cannot draw a picture as {args.picture!r}; give a file that ends in .jpg or .png")
    config = load_config(args.config) if args.config else Config()
    marked = _from_manifests(args.manifests, config)
    about: dict[str, Any] = {}
    if args.incidents:
        incidents, about = _from_incidents(args, config)
        marked += incidents
    n_falls = sum(one.clip.is_fall for one in marked)
    if not n_falls or n_falls == len(marked):
        raise DataError(
            f"wanted recordings with and without a fall, found {n_falls} with one and {len(marked) - n_falls} without; "
            "name a manifest that has both, or answer incidents (helped, false_alarm) and add --incidents"
        )
    rows = try_settings(marked, config, lambda values: track(values, "sensitivities"))
    now, chosen = today(rows, config), best(rows, config)
    if args.picture:
        picture = draw_chart(
            "falls over false alarms, by sensitivity (large: what would have been best)",
            "share of recordings without a fall that alarm",
            "share of falls",
            trade_off(rows, now, chosen),
        )
        write_image(Path(args.picture), picture)
        about["picture"] = args.picture
    report = {
        "recordings": len(marked),
        "falls": n_falls,
        "not_falls": len(marked) - n_falls,
        **about,
        "today": now.document(),
        "best": chosen.document(),
        "caution": _caution(n_falls, len(marked) - n_falls),
    }
    if args.json:
        print_report({**report, "settings": [one.document() for one in rows]}, as_json=True)
    else:
        _print(report, rows, now, chosen)
    return 0


def _from_manifests(paths: Sequence[str], config: Config) -> list[Marked]:
    from edgepose.replay import load_recording
    from edgepose.replay.manifest import load_manifest

    marked: list[Marked] = []
    for path in paths:
        for clip in load_manifest(path):
            runs = load_recording(clip.npz)
            if clip.npz.suffix != ".npz":  # which has no camera's name
                runs = [one for one in runs if _meant(one, clip)]
            marked += _marked(clip, runs, config)
    return marked


def _meant(recording: Recording, clip: Clip) -> bool:
    """Whether this run of a camera is the clip's: of its camera, where the manifest names one."""
    return not clip.camera or recording.camera == clip.camera


def _marked(clip: Clip, recordings: Sequence[Recording], config: Config) -> list[Marked]:
    """One per run of a camera, with its people tracked once for all settings."""
    from dataclasses import replace

    from edgepose.errors import DataError
    from edgepose.replay.rules import tracked
    from edgepose.replay.tuning import Marked

    if not recordings:
        raise DataError(f"recording {str(clip.npz)!r} has no camera {clip.camera!r}, which clip {clip.clip_id!r} names")
    names = [clip.clip_id] if len(recordings) == 1 else [f"{clip.clip_id} {i + 1}" for i in range(len(recordings))]
    return [
        Marked(replace(clip, clip_id=name), tracked(one, config.tracking))
        for name, one in zip(names, recordings, strict=True)
    ]


def _from_incidents(args: argparse.Namespace, config: Config) -> tuple[list[Marked], dict[str, Any]]:
    """Answered falls with their skeletons, and what was found in words for the report."""
    from edgepose.replay.manifest import Clip

    records = records_of(args)
    answered = [one for one in records.incidents(MOST) if one.action in ("false_alarm", "helped") and not one.drill]
    marked: list[Marked] = []
    without = 0
    for one, recordings in recorded(records, answered):
        clip = Clip(one.id, "incidents", one.camera, "", one.action == "helped", Path(one.id), None, None, None)
        marked += _marked(clip, recordings, config) if recordings else []
        without += not recordings
    return marked, {"place": records.place, "incidents": len(answered), "incidents_without_skeletons": without}


def _caution(n_falls: int, n_daily: int) -> str:
    from edgepose.replay.tuning import ENOUGH

    if min(n_falls, n_daily) >= ENOUGH:
        return ""
    return f"{n_falls} falls and {n_daily} others are few: one recording more may turn the answer round"


def _print(report: dict[str, Any], rows: Sequence[Tried], now: Tried, chosen: Tried) -> None:
    plain = {key: value for key, value in report.items() if key not in ("today", "best", "caution")}
    print_report(plain, as_json=False)
    heads = ["", "sensitivity", "confirm_s", "detected", "confirmed", "false alarms", "confirmed false", "cost"]
    print_table([heads, _row("today", now), _row("best", chosen)])
    print()
    some = [one for one in rows if one.confirm_s == chosen.confirm_s or one.sensitivity == chosen.sensitivity]
    print_table([heads, *(_row("*" if one is chosen else "", one) for one in some)])
    if chosen.wrong:
        print(f"still wrong at the best: {', '.join(chosen.wrong)}")
    if report["caution"]:
        print(report["caution"])
    if chosen is now:
        print("today's setting would have been best")
    else:
        values = f"fall.sensitivity = {chosen.sensitivity:g}, fall.confirm_s = {chosen.confirm_s:g}"
        print(f"nothing was changed; to try it: {values}")


def _row(name: str, one: Tried) -> list[object]:
    return [
        name,
        f"{one.sensitivity:g}",
        f"{one.confirm_s:g}",
        f"{one.detected}/{one.falls}",
        f"{one.confirmed}/{one.falls}",
        f"{one.false_alarms}/{one.not_falls}",
        f"{one.confirmed_false}/{one.not_falls}",
        f"{one.cost:g}",
    ]
