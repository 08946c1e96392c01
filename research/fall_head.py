"""A learned head against the rules: taught by generated people and GMDCSA24, judged on everybody else.

    python research/fall_head.py MANIFEST [--videos DIR] [--crowd MANIFEST] [--people 25] [--onnx FILE] [--json]

Compared per clip as fall-eval does: the rules, the head alone, either of them, and the head as a veto on descents that
the rules suspect. Thresholds are those of best balanced accuracy on generated people of other seeds together with the
clips of GMDCSA24, each judged by a head that its subject did not teach. --videos: people that a network found in the
videos (the --cache of fall-eval). --generated-only leaves GMDCSA24 out of the teaching, so that it judges too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fall_cases import Case, clip_cases, people, video_cases

from edgepose.replay import load_recording
from edgepose.replay.manifest import Clip, load_manifest
from edgepose.training.fall_head.fit import fit, probabilities
from edgepose.training.fall_head.network import FallNetwork
from edgepose.training.fall_head.samples import Labelled, generated, joined, recorded

TAUGHT = "GMDCSA24"  # the one data set whose licence (MIT) lets it into weights that ship
TEACH_SEED, CHOOSE_SEED, TEST_SEED = 100_000, 200_000, 300_000
KEEP_QUIET, RECORDED_WEIGHT = 0.25, 3.0  # share of quiet windows used; how much more a recorded window counts
WAIT_S = 1.0  # a suspicion waits this long for the head to agree
GRID = np.append(np.arange(0.02, 0.99, 0.02), (0.99, 0.995))
WAYS: dict[str, Callable[[Any, Any, Any, float], Any]] = {
    "head": lambda rules, head, veto, least: head >= least,
    "either": lambda rules, head, veto, least: rules | (head >= least),
    "veto": lambda rules, head, veto, least: veto >= least,
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("--videos", type=Path)
    parser.add_argument("--crowd")
    parser.add_argument("--people", type=int, default=25, help="people per script who judge")
    parser.add_argument("--teachers", type=int, default=40, help="people per script who teach, twice that per fall")
    parser.add_argument("--generated-only", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--onnx", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    report: dict[str, Any] = {}
    clips = load_manifest(args.manifest, "dev")
    head, chosen = taught_head(args, [clip for clip in clips if clip.dataset == TAUGHT], report)

    def judge(title: str, cases: Iterable[Case]) -> None:
        report[title] = compare(table(head, cases), chosen)
        say(f"{title}: {json.dumps(report[title])}")

    if args.onnx:
        from edgepose.training.fall_head.export import export

        report["parity"] = export(head, args.onnx)
    judging = clips if args.generated_only else [clip for clip in clips if clip.dataset != TAUGHT]
    if args.videos:
        judge("videos", video_cases(judging, args.videos))
    tables: dict[str, Table] = {}
    for way, one in clip_cases(judging):
        tables.setdefault(way, []).extend(table(head, [one]))
    for way, rows in tables.items():
        report[f"clips, {way}"] = compare(rows, chosen)
        say(f"clips, {way}: {json.dumps(report[f'clips, {way}'])}")
    other = load_manifest(args.manifest, "alt_dev")
    judge("another pose network", (one for _, one in clip_cases(other, ["as recorded"])))
    if args.crowd:
        judge("crowd", (one for _, one in clip_cases(load_manifest(args.crowd), ["as recorded"])))
    judge("generated people", people(TEST_SEED, args.people))
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for title, rows in report.items():
        print(
            title,
            *([rows] if not isinstance(rows, dict) else [f"  {name}: {row}" for name, row in rows.items()]),
            sep="\n",
        )


def taught_head(args: argparse.Namespace, taught: list[Clip], report: dict[str, Any]) -> tuple[FallNetwork, Any]:
    """The head, and the threshold of each way to use it; what GMDCSA24 says about heads that it half taught."""
    say("windows of generated people")
    lessons = generated(TEACH_SEED, args.teachers, KEEP_QUIET, seed=0)
    choosing = list(people(CHOOSE_SEED, max(1, args.people * 2 // 5)))
    tables: list[Table] = []
    if not args.generated_only:
        for subject in sorted({_subject(clip) for clip in taught}):
            others = [clip for clip in taught if _subject(clip) != subject]
            head = fit(joined([lessons, recorded(map(_labelled, others), RECORDED_WEIGHT)]), args.seed, log=say)
            left_out = [clip for clip in taught if _subject(clip) == subject]
            tables.append(table(head, (one for _, one in clip_cases(left_out, ["as recorded"]))))
        lessons = joined([lessons, recorded(map(_labelled, taught), RECORDED_WEIGHT)])
    say(f"{len(lessons.windows)} windows, {int(lessons.fallen.sum())} of them after a fall")
    head = fit(lessons, args.seed, log=say)
    chosen = choose([row for rows in [table(head, choosing), *tables] for row in rows])
    report["thresholds"] = chosen
    if tables:
        report[f"{TAUGHT}, subject left out"] = compare([row for rows in tables for row in rows], chosen)
    say(json.dumps(report))
    return head, chosen


Table = list[tuple[str, bool, bool, float, float]]
"""Per clip: data set, whether it is a fall, what the rules say, the head's probability, and the veto's."""


def table(head: FallNetwork, cases: Iterable[Case]) -> Table:
    rows = []
    for one in cases:
        found = [
            probabilities(head, np.array(story.windows)) if story.windows else np.zeros(0) for story in one.stories
        ]
        alone, veto = 0.0, -1.0
        for story, p in zip(one.stories, found, strict=True):
            twice = np.minimum(p[1:], p[:-1])[np.array(story.seconds[1:]) >= one.earliest_s]
            alone = max(alone, float(twice.max(initial=0.0)))
        for t, i, asked in one.rules:
            after = np.array(one.stories[i].seconds) if i >= 0 else np.zeros(0)
            near = found[i][(after >= t) & (after <= t + WAIT_S)] if i >= 0 else after
            veto = max(veto, float(near.max(initial=0.0)) if asked else 1.0)
        rows.append((one.clip.dataset, one.clip.is_fall, bool(one.rules), alone, veto))
    return rows


def choose(rows: Table) -> dict[str, float]:
    """The threshold of each way with the best balanced accuracy; the middle one among equals."""
    _, falls, rules, head, veto = map(np.array, zip(*rows, strict=True))
    chosen = {}
    for name, way in WAYS.items():
        hits = np.array([way(rules, head, veto, least) for least in GRID])
        balanced = (hits[:, falls].mean(1) + 1 - hits[:, ~falls].mean(1)) / 2
        best = GRID[balanced >= balanced.max() - 1e-9]
        chosen[name] = round(float(best[len(best) // 2]), 3)
    return chosen


def compare(rows: Table, chosen: dict[str, float]) -> dict[str, dict[str, str]]:
    """Counts `found, quiet` of the rules and of each way, per data set and in all."""
    report = {}
    for name in [*dict.fromkeys(row[0] for row in rows), "all"]:
        _, falls, rules, head, veto = map(np.array, zip(*(r for r in rows if name in (r[0], "all")), strict=True))
        hits = {"rules": rules, **{key: way(rules, head, veto, chosen[key]) for key, way in WAYS.items()}}
        report[name] = {
            key: f"{int(hit[falls].sum())}/{int(falls.sum())}, {int((~hit[~falls]).sum())}/{int((~falls).sum())}"
            for key, hit in hits.items()
        }
    return report


def _subject(clip: Clip) -> str:
    return clip.clip_id.split("_")[1]


def _labelled(clip: Clip) -> Labelled:
    recording = load_recording(clip.npz)[0]
    frames = [(frame.people, frame.t) for frame in recording.frames]
    return Labelled(frames, recording.size_wh, clip.is_fall, clip.onset_s, clip.impact_s)  # type: ignore[arg-type]


def say(line: str) -> None:
    print(f"{time.process_time():6.0f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
