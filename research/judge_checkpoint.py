"""A checkpoint by the three figures that decide about edgepose-lite: AP, people on the floor, false skeletons.

    python research/judge_checkpoint.py CHECKPOINT.pt --annotations VALIDATION.json --photos DIR --videos DIR
        [--gain 1.2] [--heights 256 368] [--steady] [--draw SHEET.png] [--room DIR] [--empty DIR]

CHECKPOINT is a .pt of `edgepose train`; VALIDATION.json is what recipes/prepare_edgepose_lite_fused.py wrote; DIR are
photos/ and fall/videos of the development material. AP stands as AP / AP50 / AP75. On few photos it moves by .01 with
where their pixels fall into cells: --steady also gives the mean over four heights around each. --gain multiplies the
last maps, as recipes/mean_of_weights.py would.
--room is fall/room: AP on frames of a care room, annotated by hand. --empty is a folder of rooms without anybody: how
many of them have a skeleton of five keypoints or more.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from floor_people import MIN_KEYPOINTS, measure

from edgepose.evaluation import evaluate
from edgepose.pictures import list_images, read_image
from edgepose.training.network.pose_network import PoseNetwork
from edgepose.training.network.validate import predictor
from edgepose.training.weights import checkpoint
from edgepose.training.weights.mean import strengthen

AROUND = (-24, -8, 8, 24)
"""Pixels from a height to those whose mean is steadier."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--gain", type=float, default=1.0)
    parser.add_argument("--heights", type=int, nargs="+", default=[256])
    parser.add_argument("--steady", action="store_true", help="the mean of four heights around each, too")
    parser.add_argument("--room", type=Path, help="folder of frames/ and frames_keypoints17.json")
    parser.add_argument("--empty", type=Path, help="folder of pictures without anybody")
    parser.add_argument("--draw", type=Path)
    args = parser.parse_args()
    content = checkpoint.load(args.checkpoint)
    network = checkpoint.rebuild(content["network"], content["ema"]).eval()
    strengthen(network, args.gain)
    report: dict[str, object] = {"step": content.get("step"), "gain": args.gain}
    photos = args.annotations, args.photos
    for height in args.heights:
        report[f"AP_{height}"] = mean_ap(network, [height], *photos)
        if args.steady:
            report[f"AP_about_{height}"] = mean_ap(network, [height + near for near in AROUND], *photos)
        if args.room:
            room = args.room / "frames_keypoints17.json", args.room / "frames"
            report[f"room_{height}"] = mean_ap(network, [height], *room)
        if args.empty:
            report[f"empty_{height}"] = skeletons_of_nobody(network, height, args.empty)
    floor = measure(predictor(network, 256), args.videos, args.draw)
    report |= {"floor": floor["found"], "false": floor["false"]}
    report["floor of UR Fall"] = 20 - sum(name.startswith("urfd") for name in floor["missed"])
    print(json.dumps(report))


def skeletons_of_nobody(network: PoseNetwork, height: int, folder: Path) -> str:
    """Pictures with a skeleton of at least MIN_KEYPOINTS, of all pictures of the folder."""
    predict, paths = predictor(network, height), list_images(folder)
    seen = sum(any(pose.found.sum() >= MIN_KEYPOINTS for pose in predict(read_image(path))) for path in paths)
    return f"{seen} of {len(paths)}"


def mean_ap(network: PoseNetwork, heights: list[int], annotations: Path, pictures: Path) -> str:
    """AP / AP50 / AP75, means over the heights."""
    scores = [evaluate(predictor(network, height), annotations, pictures) for height in heights]
    means = np.mean([(one.ap, one.ap50, one.ap75) for one in scores], 0)
    return " / ".join(f"{value:.3f}" for value in means)


if __name__ == "__main__":
    main()
