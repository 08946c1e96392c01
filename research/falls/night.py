"""Falls by day and by night, end to end: the same videos darker, noisy, and as infrared lamps show them.

    python research/falls/night.py MANIFEST... [--as day night infrared] [--every 3] [--no-looks] [--json]

Second looks are answered from the same changed pictures, or left out, which needs no pictures. The first run takes
minutes of a core for each way of seeing; the people found are kept, so that other rules are judged in seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from counting import row, written
from darkness import CHANGES
from msgspec.structs import replace
from network import add_network_arguments, found_people, opened

from edgepose.cli.progress import track
from edgepose.config import Config
from edgepose.replay.falls import Outcome, judge
from edgepose.replay.manifest import Clip, load_manifest
from edgepose.replay.video import VideoFalls


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "manifests", nargs="+", metavar="MANIFEST", help="of clips with videos; the others are left out"
    )
    parser.add_argument("--as", dest="ways", nargs="+", choices=list(CHANGES), default=list(CHANGES))
    parser.add_argument("--dataset", nargs="+", help="only these data sets (default: all)")
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--no-looks", action="store_true", help="without second looks")
    parser.add_argument("--json", action="store_true")
    add_network_arguments(parser)
    args = parser.parse_args(argv)
    clips = [
        clip
        for manifest in args.manifests
        for clip in load_manifest(manifest)
        if clip.video and clip.split != "alt_dev" and clip.dataset in (args.dataset or [clip.dataset])
    ]
    report = {}
    for way in args.ways:
        found = outcomes(clips, way, args.model, args.height, args.cache, args.every, not args.no_looks)
        for name in sorted({clip.dataset for clip in clips}):
            report[f"{name}, {way}"] = row([one for one in found if one.clip.dataset == name])
            print(f"{name}, {way}: {written(report[f'{name}, {way}'])}", file=sys.stderr, flush=True)
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for title, counts in report.items():
        print(f"{title}: {written(counts)}")


def outcomes(
    clips: Sequence[Clip], way: str, model: str, height: int, cache: Path, every: int, looks: bool
) -> list[Outcome]:
    """What the defaults say of every clip when its pictures look that way."""
    config = Config()
    config = replace(config, fall=replace(config.fall, second_look=looks))
    with opened(model, height) as (network, key):
        videos = VideoFalls(network, config, found_people(network, key, cache, every, CHANGES[way]))
        return [
            judge(clip, videos.told(clip.video), videos.recording(clip.video).last_s)
            for clip in track(clips, f"videos, {way}")
            if clip.video
        ]


if __name__ == "__main__":
    main()
