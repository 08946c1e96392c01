"""`edgepose acts-eval`: postures, gestures and activities against labels, on recorded skeletons."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.output import add_json_flag, print_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgepose.replay import Recording
    from edgepose.replay.act_scores import Verdict

HELP = "postures, gestures and activities against labels, per data set and class"
EXAMPLE = """examples:
  edgepose acts-eval manifest.json --half 1 --pictures wrong/
  edgepose acts-eval manifest.json --exercise 30 --json"""
ROWS = 8  # clips in one picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", metavar="MANIFEST", help="JSON list of clips with truth, see docs/guides/acts.md")
    parser.add_argument("--split", metavar="NAME", help="only clips of this split")
    parser.add_argument("--half", metavar="N", type=int, choices=(1, 2), help="only this half of the people")
    parser.add_argument("--dataset", metavar="NAME", action="append", help="only this data set; may be repeated")
    parser.add_argument("--leave-out", metavar="NAME", action="append", help="all but this one; may be repeated")
    parser.add_argument(
        "--exercise", metavar="S", type=float, default=0.0, help="play exercises to and fro for so long"
    )
    parser.add_argument("--every", metavar="N", type=int, default=1, help="use every N-th frame: a lower frame rate")
    parser.add_argument("--config", metavar="FILE", help="configuration of tracking and rules (default: defaults)")
    parser.add_argument("--pictures", metavar="DIR", help="write a picture of every kind of mistake there")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.cli.progress import track
    from edgepose.config import Config, load_config
    from edgepose.errors import DataError
    from edgepose.replay import replay
    from edgepose.replay.act_scores import judge, summary
    from edgepose.replay.acts import load_acts, takes

    if args.every < 1 or not 0 <= args.exercise <= 3600:
        raise DataError(
            f"--every takes 1 or more and --exercise 0 to 3600 seconds, got {args.every} and {args.exercise:g}"
        )
    config = load_config(args.config) if args.config else Config()
    acts = load_acts(args.manifest, args.split, args.half, args.dataset, args.leave_out)
    verdicts: list[Verdict] = []
    wrong: dict[tuple[str, str, str], list[tuple[Recording, str]]] = {}
    for act in track(acts, "clips"):
        for recording in takes(act, args.exercise):
            recording = recording.every(args.every)
            answers = judge(act, recording.name, replay(recording, config, ("posture", "gesture", "activity")))
            verdicts += answers
            for one in answers:
                rows = wrong.setdefault((one.what, one.wanted, one.told), [])
                if not one.right and args.pictures and len(rows) < ROWS:
                    rows.append((recording, f"{act.dataset} {act.group} {act.clip_id}: {one.wanted}, got {one.told}"))
    if args.pictures:
        _draw(wrong, Path(args.pictures))
    report = summary(verdicts)
    if args.json:
        print_report(report, as_json=True)
    else:
        _print(report)
    return 0


def _draw(wrong: Mapping[tuple[str, str, str], Sequence[tuple[Recording, str]]], folder: Path) -> None:
    from edgepose.names import slug
    from edgepose.pictures import write_image
    from edgepose.replay.sheet import draw_sheet

    for kind, rows in wrong.items():
        if rows:
            write_image(folder / f"{slug(' '.join(kind))}.png", draw_sheet(rows))


def _print(report: Mapping[str, Any]) -> None:
    for what, scores in report.items():
        name = what.replace("_", " ")
        print(f"{name}: mean over data sets and classes {scores['mean']:.3f}, {scores['yes']} of {scores['asked']}")
        for group, counts in scores["groups"].items():
            print(f"    {group:<60} {counts['yes']:5} of {counts['asked']}")
        for wanted, told in scores["confusion"].items():
            print(f"    {wanted}: {', '.join(f'{word} {n}' for word, n in told.items())}")
