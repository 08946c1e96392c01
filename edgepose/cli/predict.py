"""`edgepose predict`: people of pictures and videos as COCO results, OpenPose JSON and drawn pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.cli.numbers import HEIGHT
from edgepose.cli.output import add_json_flag, print_report
from edgepose.cli.result_folder import ResultFolder, annotated_ids
from edgepose.cli.shots import Shots

HELP = "people of pictures and videos as COCO results, OpenPose JSON and drawn pictures"
EXAMPLE = """examples:
  edgepose predict street.jpg holiday/ -o found
  edgepose predict people.mp4 -o found --no-drawn

writes to the folder:
  coco_results.json      COCO keypoint results (17 keypoints), for pycocotools
  images.json            which image_id is which file and frame
  openpose/NAME_keypoints.json   18 keypoints of each person, as OpenPose writes them
  drawn/NAME.jpg         the picture with its people

All are readable by their owner only. What cannot be read is left out and named at the end; the exit code is 1 where
that was a path given here, 0 where it was one picture of a folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="picture, folder of pictures, or video")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write to, made where missing")
    parser.add_argument("--model", metavar="FILE", help="file, or a shipped network by name (edgepose-lite)")
    parser.add_argument("--height", metavar="PX", type=HEIGHT, help="height of the network's input (default: its own)")
    parser.add_argument("--backend", metavar="NAME", default="auto", help="runtime (default: auto)")
    parser.add_argument("--annotations", metavar="FILE", help="COCO JSON whose image ids the results are to carry")
    parser.add_argument("--no-drawn", action="store_true", help="write no pictures")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.look.estimator import PoseEstimator

    ids = annotated_ids(args.annotations) if args.annotations else None
    shots = Shots(args.paths)
    with (
        PoseEstimator(args.model, backend=args.backend, height=args.height) as estimator,
        ResultFolder(Path(args.output), ids, drawn=not args.no_drawn) as output,
    ):
        for shot in shots:
            output.add(shot, estimator(shot.image))
    shots.say_left_out()
    failure = shots.failure()
    if failure is not None and not output.n_images:
        raise failure
    report = {
        "images": output.n_images,
        "people": output.n_people,
        "skipped": shots.n_skipped,
        "output": args.output,
        "backend": estimator.info.name,
    }
    if args.json:
        report |= {"left_out": shots.left_out, "failed": list(shots.failed)}
    print_report(report, as_json=args.json)
    if failure is not None:
        raise failure
    return 0
