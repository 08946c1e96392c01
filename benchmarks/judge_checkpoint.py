"""A checkpoint by the three figures that decide about edgepose-lite: AP, people on the floor, false skeletons.

    python benchmarks/judge_checkpoint.py CHECKPOINT.pt --annotations VALIDATION.json --photos DIR --videos DIR
        [--gain 1.2] [--heights 256 368] [--draw SHEET.png]

VALIDATION.json is what recipes/prepare_edgepose_lite.py wrote; DIR are photos/ and fall/videos of the development
material. --gain multiplies the last maps, as recipes/mean_of_weights.py would.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from floor_people import measure

from edgepose.evaluation import evaluate
from edgepose.training import checkpoint
from edgepose.training.soup import strengthen
from edgepose.training.validate import predictor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--gain", type=float, default=1.0)
    parser.add_argument("--heights", type=int, nargs="+", default=[256])
    parser.add_argument("--draw", type=Path)
    args = parser.parse_args()
    content = checkpoint.load(args.checkpoint)
    network = checkpoint.rebuild(content["network"], content["ema"]).eval()
    strengthen(network, args.gain)
    report: dict[str, object] = {"step": content.get("step"), "gain": args.gain}
    for height in args.heights:
        scores = evaluate(predictor(network, height), args.annotations, args.photos)
        report[f"AP_{height}"] = f"{scores.ap:.3f} / {scores.ap50:.3f}"
    floor = measure(predictor(network, 256), args.videos, args.draw)
    report |= {"floor": floor["found"], "false": floor["false"]}
    report["floor of UR Fall"] = 20 - sum(name.startswith("urfd") for name in floor["missed"])
    print(json.dumps(report))


if __name__ == "__main__":
    main()
