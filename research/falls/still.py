"""Rooms in which nothing moves: nobody in them must be nobody, and somebody who lies there must be told.

    python research/falls/still.py empty PICTURES... [--json]
    python research/falls/still.py lies MANIFEST [--json]

`empty`: pictures (or a folder of them) without anybody, each held for 20 s at 5 frames a second with sensor noise of
sigma 4; every stage of a fall is a false alarm. `lies`: the picture at first rest (`lying_first_frame`) of every fall
with a video, held in the same way; it counts when it is told within 15 s. Second looks are answered.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from counting import rounded, wilson
from held import HeldPictures
from network import add_network_arguments, opened

from edgepose.cli.progress import track
from edgepose.config import Config
from edgepose.pictures import is_picture
from edgepose.replay.falls import ALARMS
from edgepose.replay.video import VideoFalls

TOLD_WITHIN_S = 15.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("empty", "lies"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    add_network_arguments(parser)
    args = parser.parse_args(argv)
    if args.what == "empty":
        paths = [one for path in args.paths for one in (sorted(path.iterdir()) if path.is_dir() else [path])]
        frame_of: dict[Path, int] = {}
        paths = [path for path in paths if is_picture(path)]
    else:
        frame_of = first_rests(args.paths[0])
        paths = list(frame_of)
    rooms = held(paths, frame_of, args.model, args.height, args.cache)
    report = empty(rooms) if args.what == "empty" else lies(rooms)
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for name, value in report.items():
        print(f"{name}: {value}")


def first_rests(manifest: Path) -> dict[Path, int]:
    """Frame number of the first rest of every fall that has a video."""
    clips = json.loads(manifest.read_text())["clips"]
    return {
        manifest.parent / one["video"]: int(one["lying_first_frame"])
        for one in clips
        if one["label"] == "fall" and one.get("video") and one.get("lying_first_frame") is not None
    }


def held(
    paths: Sequence[Path], frame_of: Mapping[Path, int], model: str, height: int, cache: Path
) -> list[dict[str, Any]]:
    """Per picture: share of frames with somebody in them, and the stages with their seconds."""
    rooms = []
    with opened(model, height) as (network, key):
        found = HeldPictures(network, key, Config().decode, cache / "people")
        found.frame_of = frame_of
        videos = VideoFalls(network, Config(), found)
        for path in track(paths, "pictures"):
            people = found.people(path)
            falls = [
                one.event for one in videos.told(path) if one.event.kind == "fall" and one.event.track_id is not None
            ]
            rooms.append(
                {
                    "picture": path.stem,
                    "seen": round(sum(bool(one.poses) for one in people) / len(people), 2),
                    "stages": [f"{event.stage} {event.t:.1f} s" for event in falls],
                    "alarm_s": min((event.t for event in falls if event.stage in ALARMS), default=None),
                }
            )
    return rooms


def empty(rooms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "pictures": len(rooms),
        "with a skeleton in half the frames": sum(one["seen"] >= 0.5 for one in rooms),
        "with a fall of any stage": sum(bool(one["stages"]) for one in rooms),
        "which": {one["picture"]: one["stages"] for one in rooms if one["stages"]},
    }


def lies(rooms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = [one for one in rooms if one["alarm_s"] is not None and one["alarm_s"] <= TOLD_WITHIN_S]
    return {
        "people": len(rooms),
        "seen in half the frames": sum(one["seen"] >= 0.5 for one in rooms),
        "told within 15 s": len(told),
        "share": round(len(told) / len(rooms), 3),
        "share_95": rounded(wilson(len(told), len(rooms))),
        "not told": {one["picture"]: (one["seen"], one["stages"]) for one in rooms if one not in told},
    }


if __name__ == "__main__":
    main()
