"""Falls on labelled clips: judged with nothing tuned on the data set, over sensitivities, frame rates and evidence.

    python research/falls/one_setting.py MANIFEST [--json]

Leave one data set out: the one setting, sensitivity, is chosen on the other data sets (best balanced accuracy, nearest
0.5 among equals) and judged on the one left out. Clips of split dev only, so that copies of a recording do not meet.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from msgspec.structs import replace

from edgepose.config import Config
from edgepose.replay import load_recording, replay
from edgepose.replay.falls import Outcome, judge
from edgepose.replay.manifest import load_manifest
from edgepose.replay.rules import tracked

SENSITIVITIES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    clips = load_manifest(args.manifest, "dev")
    tracks = {
        every: [tracked(load_recording(clip.npz)[0].every(every), Config().tracking) for clip in clips]
        for every in (1, 2, 3)
    }

    def outcomes(every: int = 1, **fall: float) -> list[Outcome]:
        print(f"every {every} {fall}", file=sys.stderr)
        config = Config()
        config = replace(config, fall=replace(config.fall, **fall))
        return [
            judge(clip, replay(recording, config, ("fall",)))
            for clip, recording in zip(clips, tracks[every], strict=True)
        ]

    curve = {value: outcomes(sensitivity=value) for value in SENSITIVITIES}
    plain = curve[0.5]
    report = {
        "sensitivity curve": {value: rates(found) for value, found in curve.items()},
        "left out": {name: left_out(curve, name) for name in sorted({clip.dataset for clip in clips})},
        "without lost-track evidence": rates(outcomes(lost_s=1e9)),
        "frame rate": {f"1/{every}": changed(plain, outcomes(every)) for every in (2, 3)},
    }
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for title, rows in report.items():
        print(title)
        for name, row in rows.items():
            print(f"  {name}: {row}")


def rates(found: Sequence[Outcome]) -> dict[str, str]:
    falls = [one for one in found if one.clip.is_fall]
    others = [one for one in found if not one.clip.is_fall]
    return {
        "detected": f"{sum(one.detected for one in falls)}/{len(falls)}",
        "no false alarm": f"{sum(not one.detected for one in others)}/{len(others)}",
        "confirmed": f"{sum(one.confirmed for one in falls)}/{len(falls)}",
        "confirmed falsely": f"{sum(one.confirmed for one in others)}/{len(others)}",
    }


def left_out(curve: dict[float, list[Outcome]], dataset: str) -> dict[str, str | float]:
    """The sensitivity that the other data sets choose, and what it gives on this one."""

    def balanced(value: float) -> float:
        others = [one for one in curve[value] if one.clip.dataset != dataset]
        falls = [one.detected for one in others if one.clip.is_fall]
        quiet = [not one.detected for one in others if not one.clip.is_fall]
        return (sum(falls) / len(falls) + sum(quiet) / len(quiet)) / 2

    chosen = max(curve, key=lambda value: (round(balanced(value), 9), -abs(value - 0.5)))
    return {"chosen": chosen, **rates([one for one in curve[chosen] if one.clip.dataset == dataset])}


def changed(plain: Sequence[Outcome], slower: Sequence[Outcome]) -> dict[str, object]:
    """Verdicts that change with the frame rate."""
    suspected = [b.clip.clip_id for a, b in zip(plain, slower, strict=True) if a.detected != b.detected]
    confirmed = [b.clip.clip_id for a, b in zip(plain, slower, strict=True) if a.confirmed != b.confirmed]
    return {"verdicts changed": suspected, "confirmations changed": confirmed, **rates(slower)}


if __name__ == "__main__":
    main()
