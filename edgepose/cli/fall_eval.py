"""`edgepose fall-eval`: falls detected and false alarms on labelled clips, from recorded skeletons or from videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.output import add_json_flag, print_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgepose.config import Config
    from edgepose.replay.falls import Outcome
    from edgepose.replay.manifest import Clip

HELP = "falls detected and false alarms on labelled clips, per data set and camera"
EXAMPLE = """examples:
  edgepose fall-eval manifest.json --split dev --pictures wrong/
  edgepose fall-eval manifest.json --split dev --videos --model pose.onnx --height 256"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", metavar="MANIFEST", help="JSON list of labelled clips, see docs/guides/falls.md")
    parser.add_argument("--split", metavar="NAME", help="only clips of this split")
    parser.add_argument("--config", metavar="FILE", help="configuration with [tracking] and [fall] (default: defaults)")
    parser.add_argument("--every", metavar="N", type=int, default=1, help="use every N-th frame: a lower frame rate")
    parser.add_argument("--videos", action="store_true", help="end to end: find the people in the videos first")
    parser.add_argument("--model", metavar="FILE", help="network for --videos (default: the one EdgePose ships)")
    parser.add_argument("--height", metavar="PX", type=int, default=0, help="height of its input")
    parser.add_argument("--cache", metavar="DIR", default=".cache/fall-eval", help="where people found are kept")
    parser.add_argument("--pictures", metavar="DIR", help="write a timeline picture of every wrong clip there")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from edgepose.config import Config, load_config
    from edgepose.errors import DataError
    from edgepose.replay.falls import summary
    from edgepose.replay.manifest import load_manifest

    if args.every < 1:
        raise DataError(f"--every takes 1 or more, got {args.every}")
    config = load_config(args.config) if args.config else Config()
    if args.height:
        config = replace(config, model=replace(config.model, height=args.height))
    clips = load_manifest(args.manifest, args.split)
    if args.videos:
        clips = [clip for clip in clips if clip.video is not None]
        if not clips:
            raise DataError(f"no clip of manifest {args.manifest!r} names a video; leave out --videos")
        outcomes, extra = _judge_videos(clips, config, args)
    else:
        outcomes, extra = _judge_recordings(clips, config, args.every, args.pictures), {}
    report = {**summary(outcomes), **extra}
    if args.json:
        print_report(report, as_json=True)
    else:
        _print(report)
    return 0


def _judge_recordings(clips: Sequence[Clip], config: Config, every: int, pictures: str | None) -> list[Outcome]:
    from edgepose.cli.progress import track
    from edgepose.replay import load_recording, replay
    from edgepose.replay.falls import judge

    outcomes = []
    for clip in track(clips, "clips"):
        recording = load_recording(clip.npz)[0].every(every)
        outcome = judge(clip, replay(recording, config, ("fall",)), recording.last_s)
        outcomes.append(outcome)
        if pictures and not outcome.right:
            _draw(recording, outcome, config, Path(pictures))
    return outcomes


def _judge_videos(
    clips: Sequence[Clip], config: Config, args: argparse.Namespace
) -> tuple[list[Outcome], dict[str, Any]]:
    from edgepose.backends import open_backend
    from edgepose.cli.progress import track
    from edgepose.look.network import Network
    from edgepose.model import model_path
    from edgepose.replay.falls import judge
    from edgepose.replay.found import FoundPeople
    from edgepose.replay.video import VideoFalls

    model = model_path(args.model or config.model.path)
    backend = open_backend(model, config.model.backend)
    network = Network(backend, config.model.height, config.decode, model)
    key = f"{backend.spec.name} {network.sha256} {config.model.height}"
    try:
        found = FoundPeople(network, key, config.decode, Path(args.cache), args.every)
        videos = VideoFalls(network, config, found)
        outcomes = []
        for clip in track(clips, "videos"):
            assert clip.video is not None
            outcome = judge(clip, videos.told(clip.video), videos.recording(clip.video).last_s)
            outcomes.append(outcome)
            if args.pictures and not outcome.right:
                _draw(videos.recording(clip.video), outcome, config, Path(args.pictures))
        return outcomes, {"frames": videos.n_frames, "second_looks": videos.n_looks}
    finally:
        network.close()


def _draw(recording: Any, outcome: Outcome, config: Config, folder: Path) -> None:
    from edgepose.names import slug
    from edgepose.pictures import write_image
    from edgepose.replay.timeline import draw_timeline

    clip = outcome.clip
    title = f"{clip.clip_id}: {clip.activity} ({'fall' if clip.is_fall else 'no fall'})"
    picture = draw_timeline(recording, outcome.told, title, config.tracking, clip.impact_s)
    write_image(folder / f"{slug(clip.clip_id)}.png", picture)


def _print(report: dict[str, Any]) -> None:
    rows = {**report["cameras"], **report["datasets"], "all": report["all"]}
    width = max(len(name) for name in rows)
    print(f"{'':<{width}}  falls detected confirmed  not falls false alarms confirmed")
    for name, row in rows.items():
        print(
            f"{name:<{width}}  {row['falls']:5} {row['detected']:8} {row['confirmed']:9}  "
            f"{row['not_falls']:9} {row['false_alarms']:12} {row['confirmed_false']:9}"
        )
    rest = {key: value for key, value in report.items() if key not in ("cameras", "datasets", "all", "wrong")}
    print_report(rest, as_json=False)
    for wrong in report["wrong"]:
        print(f"wrong: {wrong['clip']} ({wrong['label']}): {', '.join(wrong['stages']) or 'no event'}")
