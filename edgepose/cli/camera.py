"""`edgepose camera test`: what a camera gives, one drawn picture of it, and what to change."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.numbers import SIDE, WEEK_S, real
from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import BackendError, ModelError

if TYPE_CHECKING:
    from edgepose.cli.camera_look import Look, People

HELP = "what a camera gives: size, rate, brightness, people and how large they are, one drawn picture, advice"
EXAMPLE = """examples:
  edgepose camera test csi://0
  edgepose camera test v4l2:///dev/video0 --seconds 10
  edgepose camera test rtsp://USER:PASSWORD@camera.lan/stream -o hall.jpg"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["test"], help="test: look at a camera for some seconds")
    parser.add_argument("uri", metavar="URI", help="camera address, video or picture folder")
    parser.add_argument("--seconds", metavar="S", type=real(0.1, WEEK_S), default=5.0, help="how long to look (5)")
    parser.add_argument("--width", metavar="PX", type=SIDE, default=0, help="picture width to ask the camera for")
    parser.add_argument("--height", metavar="PX", type=SIDE, default=0, help="picture height to ask the camera for")
    parser.add_argument("--model", metavar="FILE", help="file, or a shipped network by name (edgepose-lite)")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to draw (default: camera-NAME.jpg)")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.cli.camera_look import advice, watch
    from edgepose.redaction import shown
    from edgepose.sources import SourceOptions, open_source

    source = open_source(args.uri, SourceOptions(width=args.width, height=args.height))
    try:
        look = watch(source, args.seconds)
    finally:
        source.close()
    people, unseen = _people(args.model, look)
    drawn = Path(args.output or f"camera-{source.name}.jpg")
    _draw(drawn, look, people)
    report: dict[str, Any] = {
        "camera": source.name,
        "address": shown(args.uri),
        "size_wh": list(look.size_wh),
        "frames": look.frames,
        "fps": round(look.fps, 2),
        "longest_gap_s": round(look.longest_gap_s, 3),
        "brightness": round(look.brightness, 1),
        "contrast": round(look.contrast, 1),
        "people": None if people is None else len(people.heights_px),
        "people_height_px": [] if people is None else [round(height) for height in people.heights_px],
        "picture": str(drawn),
        "advice": advice(look, people) + unseen,
    }
    print_report(report if args.json else _in_words(report), as_json=args.json)
    return 0


def _people(model: str | None, look: Look) -> tuple[People | None, list[str]]:
    """Who is in the kept pictures. A network that cannot be loaded does not spoil the rest: None, and why.

    A model that was asked for by name has to load: its error is the caller's.
    """
    from edgepose.cli.camera_look import find_people
    from edgepose.look.estimator import PoseEstimator
    from edgepose.look.preprocess import Letterbox, input_size

    try:
        estimator = PoseEstimator(model)
    except (ModelError, BackendError) as error:
        if model is not None:
            raise
        return None, [f"people were not looked for: {error}"]
    image_hw = (look.size_wh[1], look.size_wh[0])
    spec = estimator.spec
    input_hw = input_size(image_hw, spec.input_hw[0], spec.multiple) if spec.dynamic_size else spec.input_hw
    with estimator:
        return find_people(look.kept, estimator, Letterbox(image_hw, input_hw).scale_xy[1]), []


def _draw(path: Path, look: Look, people: People | None) -> None:
    from edgepose.overlay import draw
    from edgepose.pictures import write_image

    picture = look.kept[people.best if people else -1]
    write_image(path, draw(picture, people.poses if people else ()))


def _in_words(report: dict[str, Any]) -> dict[str, Any]:
    """The report for a person: advice one line each on stderr, nothing where there is none."""
    for sentence in report["advice"] or ["nothing to change"]:
        print(f"advice: {sentence}", file=sys.stderr)
    width, height = report["size_wh"]
    words = {key: value for key, value in report.items() if key != "advice" and value not in (None, [])}
    return words | {"size_wh": f"{width}x{height}"}
