"""An hour of ordinary life: clips without a fall end to end, one stream per source, and what is told in it by the hour.

    python research/falls/ordinary_hour.py DATA [--gap 0] [--json]

The rules live through the whole stream; people of one clip and the next are strangers to the tracker where the place
differs, and the same person to it where not, as cuts would be. Where the picture's size changes tracking and rules
begin anew, as they do for a camera. Every fall counts once for each stage it reaches. Clips in which somebody lies
from the start are left out, since telling them is right.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from network import add_network_arguments
from sources import SOURCES, Case, Data, cases_of

from edgepose.config import Config
from edgepose.replay import Recording, replay
from edgepose.replay.falls import ALARMS
from edgepose.replay.recorded import RecordedFrame

STEP_S = 1 / 30  # between clips, without a gap


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--sources", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--gap", type=float, default=0.0, metavar="S", help="seconds without anybody between two clips")
    parser.add_argument("--json", action="store_true")
    add_network_arguments(parser)
    args = parser.parse_args(argv)
    cases = cases_of(Data(args.data, args.model, args.height, args.cache), args.sources)
    report: dict[str, Any] = {}
    for name, found in cases.items():
        daily = [case for case in found if not case.clip.is_fall and not case.clip.lies_from_start]
        if daily:
            report[name] = by_the_hour(stream(name, daily, args.gap))
            print(f"{name}: {report[name]}", file=sys.stderr, flush=True)
    report["all"] = summed(list(report.values()))
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for name, rates in report.items():
        print(f"{name}: {rates}")


def stream(name: str, cases: Sequence[Case], gap_s: float) -> Recording:
    """All clips one after another, as one run of one camera."""
    frames = list(joined([case.read() for case in cases], gap_s))
    return Recording(name, "default", frames[0].size_wh or (1, 1), False, frames)


def joined(recordings: Sequence[Recording], gap_s: float) -> Iterator[RecordedFrame]:
    number, begins_s = 0, 0.0
    for recording in recordings:
        last_s = 0.0
        for frame in recording.frames:
            last_s = frame.t
            yield replace(frame, number=number, t=begins_s + frame.t, size_wh=frame.size_wh or recording.size_wh)
            number += 1
        begins_s += last_s + STEP_S
        for _ in range(round(gap_s / STEP_S)):
            yield RecordedFrame(number, begins_s, (), recording.size_wh)
            number, begins_s = number + 1, begins_s + STEP_S


def by_the_hour(recording: Recording) -> dict[str, Any]:
    hours = recording.last_s / 3600
    told = replay(recording, Config(), ("fall",))
    reached = {(one.event.episode, one.event.stage) for one in told if one.event.kind == "fall"}
    return rates(hours, Counter(stage for _, stage in reached if stage in ALARMS))


def rates(hours: float, counts: Counter[str]) -> dict[str, Any]:
    return {
        "hours": round(hours, 3),
        **{stage: counts[stage] for stage in ALARMS},
        **{f"{stage}_per_hour": round(counts[stage] / hours, 2) for stage in ALARMS},
    }


def summed(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return rates(
        sum(one["hours"] for one in rows), Counter({stage: sum(one[stage] for one in rows) for stage in ALARMS})
    )


if __name__ == "__main__":
    main()
