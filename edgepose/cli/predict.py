"""`edgepose predict`: people of pictures and videos as COCO results, OpenPose JSON, drawn pictures and videos."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.cli.network_flags import add_network_flags, backend_name
from edgepose.cli.output import add_json_flag, print_report
from edgepose.cli.result_folder import ResultFolder, annotated_ids
from edgepose.cli.shots import Shots

HELP = "people of pictures and videos as COCO results, OpenPose JSON and drawn pictures"
EXAMPLE = """examples:
  edgepose predict street.jpg holiday/
  edgepose predict people.mp4 -o found --no-drawn

writes to the folder:
  coco_results.json      COCO keypoint results (17 keypoints, box), for pycocotools
  images.json            which image_id is which file and frame
  openpose/NAME_keypoints.json   18 keypoints of each person of a picture, as OpenPose writes them
  drawn/NAME.jpg         the picture with its people
  videos/NAME.json       people of a video, frame by frame
  videos/NAME.mp4        the video with its people

All are readable by their owner only. What cannot be read is left out and named at the end; the exit code is 1 where
that was a path given here, 0 where it was one picture of a folder."""

FOLDER = "edgepose-found"
"""Where results go unless another folder is named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="picture, folder of pictures, or video")
    parser.add_argument(
        "-o", "--output", metavar="DIR", default=FOLDER, help=f"folder to write to, made where missing ({FOLDER})"
    )
    add_network_flags(parser)
    parser.add_argument("--annotations", metavar="FILE", help="COCO JSON whose image ids the results are to carry")
    parser.add_argument("--no-drawn", action="store_true", help="draw nothing")
    parser.add_argument("--frames", action="store_true", help="files of their own for every frame of a video")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.look.estimator import PoseEstimator

    ids = annotated_ids(args.annotations) if args.annotations else None
    shots = Shots(args.paths)
    with (
        PoseEstimator(
            args.model, backend=backend_name(args) or "auto", height=args.height, min_score=args.min_score
        ) as estimator,
        ResultFolder(
            Path(args.output), ids, drawn=not args.no_drawn, frames=args.frames, skeleton=estimator.spec.pose_skeleton
        ) as output,
    ):
        for shot in shots:
            output.add(shot, estimator(shot.image))
    shots.say_left_out()
    failure = shots.failure()
    if failure is not None and not output.n_images:
        raise failure
    spec, info = estimator.spec, estimator.info
    report = {
        "images": output.n_images,
        "people": output.n_people,
        "skipped": shots.n_skipped,
        "output": args.output,
        "written": output.written,
        "model": spec.name,
        "height": args.height or spec.input_hw[0],
        "backend": info.name,
        "precision": info.precision,
    }
    if args.json:
        report |= {"left_out": shots.left_out, "failed": list(shots.failed)}
    print_report(report, as_json=args.json)
    if failure is not None:
        raise failure
    return 0
