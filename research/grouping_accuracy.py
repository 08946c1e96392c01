"""Accuracy of grouping on synthetic network outputs with known people, at the default options.

    python research/grouping_accuracy.py [--seeds 100-119] [--sizes 368x656 224x320] [--people 10 30] [--shared DIR]
    python research/grouping_accuracy.py --reach 0        # without joining parts across hidden joints

Generator and scorer belong to the development data (`bench/make_maps.py`, `bench/metrics.py`); where they are absent
this prints why it measures nothing. AP is OKS-AP over .50:.95; a false person has 3 keypoints or more and matches
nobody.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from edgepose.decode import Grouper, GroupOptions
from edgepose.types import Fields

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="0-4", help="first and last seed, inclusive")
    parser.add_argument("--sizes", nargs="+", default=["368x656", "224x320"])
    parser.add_argument("--people", nargs="+", type=int, default=[10, 30])
    parser.add_argument("--stride", type=int, default=8)
    parser.add_argument("--reach", type=float, default=GroupOptions().reach)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("EDGEPOSE_SHARED", ROOT.parent / "shared")))
    args = parser.parse_args()
    if not (args.shared / "bench" / "make_maps.py").is_file():
        print(f"nothing measured: no bench/make_maps.py under {args.shared}; name the folder with --shared")
        return 0
    sys.path.insert(0, str(args.shared / "bench"))
    import make_maps
    import metrics

    grouper = Grouper(options=GroupOptions(reach=args.reach))
    first, last = (int(seed) for seed in args.seeds.split("-"))
    print("| size | people | AP | AP50 | limb recall | false people | missed |\n|---|---|---|---|---|---|---|")
    for size in args.sizes:
        height, width = (int(n) for n in size.split("x"))
        for n_people in args.people:
            scenes = [make_maps.make(n_people, height, width, args.stride, seed) for seed in range(first, last + 1)]
            print(f"| {size} | {n_people} | {_row(scenes, args.stride, grouper, metrics)} |", flush=True)
    return 0


def _row(scenes: list[dict[str, Any]], stride: int, grouper: Grouper, metrics: ModuleType) -> str:
    frames = []
    for scene in scenes:
        poses = grouper(Fields(scene["heat"], scene["paf"], stride, stride))
        people = [(pose.keypoints, pose.score) for pose in poses]
        frames.append(metrics.frame_stats(people, scene["gt"], scene["area"], stride))
    s = metrics.summarise(frames)
    false, missed = (f"{s[name]} of {s['people_gt']}" for name in ("false_people", "missed_people"))
    return f"{s['AP']:.3f} | {s['AP50']:.3f} | {s['limb_recall']:.3f} | {false} | {missed}"


if __name__ == "__main__":
    sys.exit(main())
