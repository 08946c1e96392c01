"""Falls judged on people that nothing was chosen on: leave one source out, in every rotation, as one table.

    python research/falls/rotations.py DATA [--tune sensitivity confirm_s] [--curve curve.png] [--pictures DIR] [--json]

DATA holds fall/ and acts/. In every rotation each option of --tune is chosen on all sources but one (`choosing`) and
judged on that one; crowds, everyday acts and exercises give specificity only. --tune without a word judges the
defaults, which takes a minute or two. People found in the care room's videos, tracks and verdicts are kept in --cache
by contents, so that a second run costs what changed. --half 1 looks at one half of every source.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from choosing import OPTIONS, Setting, best, without_defaults
from counting import COLUMNS, row, written
from network import add_network_arguments
from sources import SOURCES, WITHOUT_FALLS, Data, cases_of
from verdicts import Verdicts
from wrong import draw_wrong, wrong_by_kind

from edgepose.config import Config
from edgepose.pictures import write_image
from edgepose.replay.chart import Line, draw_chart
from edgepose.replay.falls import Outcome

Outcomes = list[Outcome]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--tune", nargs="*", choices=list(OPTIONS), default=["sensitivity", "confirm_s"])
    parser.add_argument("--sources", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--half", type=int, choices=(1, 2))
    parser.add_argument("--set", nargs="+", default=[], metavar="OPTION=VALUE", help="of [fall], for every rotation")
    parser.add_argument("--curve", type=Path, metavar="PNG", help="draw sensitivity over false alarms there")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw two wrong clips of every kind there")
    parser.add_argument("--json", action="store_true")
    add_network_arguments(parser)
    args = parser.parse_args(argv)
    fixed = {name: float(value) for name, value in (word.split("=") for word in args.set)}
    cases = cases_of(Data(args.data, args.model, args.height, args.cache), args.sources)
    verdicts = {name: Verdicts(name, found, args.cache, args.half) for name, found in cases.items()}

    def judged(name: str, setting: Setting) -> Outcomes:
        return verdicts[name]({**fixed, **setting})

    report = rotations(list(verdicts), args.tune, judged)
    report["wrong"] = wrong_by_kind(report.pop("outcomes"))
    if args.curve:
        report["curve"] = curve(list(verdicts), judged)
        write_image(
            args.curve, drawn(report["curve"], {**report["rotations"], "pooled": {"setting": report["chosen on all"]}})
        )
    if args.pictures:
        draw_wrong(
            report["wrong"],
            verdicts,
            {name: one["setting"] for name, one in report["rotations"].items()},
            fixed,
            args.pictures,
        )
    if args.json:
        json.dump(
            {**report, "wrong": {", ".join(kind): len(clips) for kind, clips in report["wrong"].items()}},
            sys.stdout,
            indent=2,
        )
    else:
        show(report)


def rotations(names: Sequence[str], options: Sequence[str], judged: Any) -> dict[str, Any]:
    """Every source judged by what the others chose, and all of them pooled."""
    defaults = {name: getattr(Config().fall, name) for name in OPTIONS}
    table: dict[str, Any] = {}
    found: dict[str, Outcomes] = {}
    for name in names:
        others = [one for one in names if one != name]
        setting = best(others, options, defaults, judged) if options else {}
        found[name] = judged(name, without_defaults(setting, defaults))
        table[name] = {"setting": setting, **row(found[name])}
        print(f"{name}: {setting or 'defaults'}: {written(table[name])}", file=sys.stderr, flush=True)
    with_falls = [one for name in names if name not in WITHOUT_FALLS for one in found[name]]
    everything = [one for outcomes in found.values() for one in outcomes]
    return {
        "rotations": table,
        "pooled": {"sources with falls": row(with_falls), "all sources": row(everything)},
        "chosen on all": best(names, options, defaults, judged) if options else {},
        "outcomes": found,
    }


def curve(names: Sequence[str], judged: Any) -> dict[str, dict[str, tuple[float, float]]]:
    """(share of false alarms, sensitivity) of every source with falls, and pooled, at every value of the option."""
    points: dict[str, dict[str, tuple[float, float]]] = {}
    for value in sorted(OPTIONS["sensitivity"]):
        setting = without_defaults({"sensitivity": value}, {"sensitivity": Config().fall.sensitivity})
        found = {name: judged(name, setting) for name in names if name not in WITHOUT_FALLS}
        for name, outcomes in {**found, "pooled": [one for some in found.values() for one in some]}.items():
            counts = row(outcomes)
            points.setdefault(name, {})[f"{value:g}"] = (
                1 - counts.get("specificity", 1.0),
                counts.get("sensitivity", 0.0),
            )
    return points


def drawn(points: Mapping[str, Mapping[str, tuple[float, float]]], table: Mapping[str, Any]) -> Any:
    lines = []
    for name, by_value in points.items():
        chosen = table.get(name, {}).get("setting", {}).get("sensitivity", Config().fall.sensitivity)
        mark = list(by_value).index(f"{chosen:g}") if f"{chosen:g}" in by_value else None
        words = list(by_value) if name == "pooled" else ()
        lines.append(Line(name, list(by_value.values()), words, mark, name == "pooled"))
    return draw_chart(
        "falls detected over false alarms, by sensitivity", "share of clips with a false alarm", "sensitivity", lines
    )


def show(report: Mapping[str, Any]) -> None:
    print(COLUMNS)
    for name, counts in report["rotations"].items():
        print(f"{name} ({counts['setting'] or 'defaults'}): {written(counts)}")
    for name, counts in report["pooled"].items():
        print(f"pooled, {name}: {written(counts)}")
    print(f"chosen on all sources: {report['chosen on all'] or 'defaults'}")
    print("wrong clips by source, kind, what happens and cause:")
    counted = Counter({", ".join(kind): len(clips) for kind, clips in report["wrong"].items()})
    for kind, n in sorted(counted.items(), key=lambda item: (item[0][0], item[0][1], -item[1])):
        print(f"  {n:4} {', '.join(word for word in kind if word)}")


if __name__ == "__main__":
    main()
