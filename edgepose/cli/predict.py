"""`edgepose predict`: people of pictures and videos as COCO results, OpenPose JSON and drawn pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgepose.cli.output import add_json_flag, print_report
from edgepose.cli.result_folder import ResultFolder, Shot, annotated_ids
from edgepose.errors import SourceError

HELP = "people of pictures and videos as COCO results, OpenPose JSON and drawn pictures"
EXAMPLE = """examples:
  edgepose predict street.jpg holiday/ -o found
  edgepose predict people.mp4 -o found --no-drawn

writes to the folder:
  coco_results.json      COCO keypoint results (17 keypoints), for pycocotools
  images.json            which image_id is which file and frame
  openpose/NAME_keypoints.json   18 keypoints of each person, as OpenPose writes them
  drawn/NAME.jpg         the picture with its people"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="picture, folder of pictures, or video")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write to, made where missing")
    parser.add_argument("--model", metavar="FILE", help="file, or a shipped network by name (edgepose-lite)")
    parser.add_argument("--height", metavar="PX", type=int, help="height of the network input (default: the model's)")
    parser.add_argument("--backend", metavar="NAME", default="auto", help="runtime (default: auto)")
    parser.add_argument("--annotations", metavar="FILE", help="COCO JSON whose image ids the results are to carry")
    parser.add_argument("--no-drawn", action="store_true", help="write no pictures")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from edgepose.look.estimator import PoseEstimator

    missing = next((path for path in args.paths if not Path(path).exists()), None)
    if missing is not None:
        raise SourceError(f"no file or folder {missing!r}; give a picture, a folder of pictures or a video")
    ids = annotated_ids(args.annotations) if args.annotations else None
    with PoseEstimator(args.model, backend=args.backend, height=args.height) as estimator:
        shots = _Shots(args.paths)
        with ResultFolder(Path(args.output), ids, drawn=not args.no_drawn) as output:
            for shot in shots:
                output.add(shot, estimator(shot.image))
    if not output.n_images:
        raise SourceError(f"none of the {shots.n_skipped} pictures could be read; nothing was predicted")
    report = {
        "images": output.n_images,
        "people": output.n_people,
        "skipped": shots.n_skipped,
        "output": args.output,
        "backend": estimator.info.name,
    }
    print_report(report, as_json=args.json)
    return 0


class _Shots:
    """Every picture behind the given paths, in order. n_skipped: those that could not be read, told on stderr."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.n_skipped = 0
        self._paths = paths

    def __iter__(self) -> Iterator[Shot]:
        from edgepose.cli.progress import track
        from edgepose.pictures import list_images
        from edgepose.sources.uri import scheme_of

        for path in self._paths:
            if scheme_of(path) != "images":
                yield from track(self._video(path), "frames")
                continue
            for picture in track(list_images(path) if Path(path).is_dir() else [Path(path)], "pictures"):
                yield from self._picture(picture)

    def _picture(self, path: Path) -> Iterator[Shot]:
        from edgepose.pictures import read_image

        try:
            image = read_image(path)
        except SourceError as error:
            self._skip(error)
        else:
            yield Shot(path.stem, image, path.name)

    def _video(self, path: str) -> Iterator[Shot]:
        from edgepose.sources import open_source

        source = open_source(path)
        try:
            while True:
                frame = source.read()
                if frame is not None:
                    name = f"{Path(path).stem}_{frame.seq:012d}"  # as OpenPose names the frames of a video
                    yield Shot(name, frame.image, Path(path).name, frame.seq)
        except EOFError:
            self.n_skipped += getattr(source, "skipped", 0)
        finally:
            source.close()

    def _skip(self, error: SourceError) -> None:
        self.n_skipped += 1
        print(f"edgepose: skipped: {error}", file=sys.stderr)
