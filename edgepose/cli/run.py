"""`edgepose run`: the pipeline, from a configuration file or from flags, until the sources end or a signal comes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.network_flags import add_network_flags, backend_name
from edgepose.cli.numbers import whole
from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import EdgePoseError, SourceError

if TYPE_CHECKING:
    from edgepose.config import Config
    from edgepose.device.config_keeper import ConfigKeeper
    from edgepose.device.control import ControlSocket
    from edgepose.pipeline import Pipeline
    from edgepose.types import Event, FrameResult

HELP = "people and events of cameras and files, published as they are seen"
EXAMPLE = """examples:
  edgepose run people.avi --jsonl people.jsonl --save-video people.mp4
  edgepose run --config edgepose.toml
  edgepose run rtsp://camera.lan/stream --mqtt mqtt://localhost
  edgepose run 0 --show"""

SWITCH_INTERVAL_S = 1e-4
"""How long a thread may hold the GIL while another waits; Python's 5 ms would leave the device idle that long."""

STATUS_S = 1.0
"""Seconds between two lines of progress."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="TOML file; the flags below take the place of its keys")
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="video, picture folder, camera address, or a camera's number (0 is /dev/video0); several run side by side",
    )
    parser.add_argument("--source", metavar="URI", action="append", default=[], help="the same, as a flag")
    add_network_flags(parser)
    parser.add_argument("--mqtt", metavar="URL", help="broker to publish to, such as mqtt://localhost:1883")
    parser.add_argument("--jsonl", metavar="FILE", help="write every result as a line of JSON")
    parser.add_argument("--save-video", metavar="FILE", help="write the annotated video")
    parser.add_argument("--show", action="store_true", help="show the annotated video in a window")
    parser.add_argument("--max-frames", metavar="N", type=whole(1, 10**12), help="end after so many frames")
    add_json_flag(parser)


def configured(args: argparse.Namespace) -> Config:
    """The configuration file, or the defaults, with what the flags say in its place."""
    from edgepose.config import Config, load_config

    return with_flags(load_config(args.config) if args.config else Config(), args)


def with_flags(config: Config, args: argparse.Namespace) -> Config:
    """A configuration with what the flags say in its place."""
    from msgspec.structs import replace

    from edgepose.config import SourceEntry

    sources = [*expanded(args.sources), *args.source]
    if sources:
        config = replace(config, sources=tuple(SourceEntry(uri=uri) for uri in sources))
    if args.model:
        config = replace(config, model=replace(config.model, path=args.model))
    if args.height:
        config = replace(config, model=replace(config.model, height=args.height))
    if args.min_score is not None:
        config = replace(config, decode=replace(config.decode, min_score=args.min_score))
    backend = backend_name(args)
    if backend:
        config = replace(config, model=replace(config.model, backend=replace(config.model.backend, name=backend)))
    for section, key, value in (
        ("mqtt", "url", args.mqtt),
        ("jsonl", "path", args.jsonl),
        ("video", "path", args.save_video),
        ("show", "enabled", args.show),
    ):
        if value:
            config = replace(config, **{section: replace(getattr(config, section), **{key: value})})
    return config


def expanded(sources: Sequence[str]) -> Iterator[str]:
    """The sources, and for a pattern such as `clips/*.mp4` that no shell has expanded the files that it names."""
    for source in sources:
        if not any(letter in source for letter in "*?[") or "://" in source or os.path.exists(source):  # noqa: PTH110
            yield source
            continue
        found = sorted(glob(source, recursive=True))  # noqa: PTH207, a pattern may begin at the root
        if not found:
            raise SourceError(f"no file is named like {source!r}")
        yield from found


def run(args: argparse.Namespace) -> int:
    from edgepose.cli.signals import ending_on_signals, exit_code
    from edgepose.device.config_keeper import ConfigKeeper
    from edgepose.device.engine_keeper import EngineKeeper
    from edgepose.device.service import supervised
    from edgepose.device.starting import EX_CONFIG, UnusableConfigError, is_service

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    watcher = _Watcher(quiet=args.json)
    error: EdgePoseError | None = None
    running: list[Pipeline] = []  # none while the network and the cameras are opened, which may take minutes
    with (
        supervised(
            lambda: running[0].progress if running else {}, lambda: bool(running) and running[0].warming
        ) as stopping,
        ExitStack() as stack,
    ):
        try:
            pipeline, config, why = _opened(args)
        except UnusableConfigError as failure:
            print(f"edgepose: {failure}", file=sys.stderr)
            return EX_CONFIG
        stack.enter_context(pipeline)
        received = stack.enter_context(ending_on_signals(pipeline.stop))
        config_file = Path(args.config) if args.config else None
        keeper: ConfigKeeper | None = None
        stack.enter_context(EngineKeeper(pipeline, config, config_file if pipeline.is_live else None))
        if config_file is not None and is_service():
            changed = partial(with_flags, args=args)
            keeper = stack.enter_context(ConfigKeeper(pipeline, config_file, config, why, changed))
        running.append(pipeline)
        control = _control(pipeline, keeper)
        try:
            pipeline.run(watcher)
        except EdgePoseError as failure:
            error = failure
        finally:
            stopping()
            if control is not None:
                control.close()
    watcher.end()
    report: dict[str, Any] = pipeline.report()
    if error is not None:
        report = {"error": str(error), **report} if args.json else report
    if report.get("frames") or args.json:
        print_report(report, as_json=args.json)
    if error is not None:
        raise error
    return exit_code(received)


def _opened(args: argparse.Namespace) -> tuple[Pipeline, Config, str]:
    """The pipeline, its configuration, and why that is not the newest, empty where it is."""
    from edgepose.device.starting import is_service, opened_as_service
    from edgepose.pipeline import Pipeline

    def open_one(config: Config) -> Pipeline:
        return Pipeline(with_flags(config, args), max_frames=args.max_frames, keep_images=False)

    if args.config and is_service():
        return opened_as_service(Path(args.config), open_one)
    config = configured(args)
    return Pipeline(config, max_frames=args.max_frames, keep_images=False), config, ""


def _control(pipeline: Pipeline, keeper: ConfigKeeper | None) -> ControlSocket | None:
    """The socket that operators' verbs reach this process by; a service that cannot open it watches all the same."""
    from edgepose.device.control import ControlSocket, own_path
    from edgepose.device.requests import Requests
    from edgepose.errors import ControlError

    path = own_path()
    if path is None:
        return None
    try:
        return ControlSocket(path, Requests(pipeline, keeper))
    except ControlError as error:
        logging.getLogger(__name__).warning("%s; verbs such as `edgepose spool ls` do not reach this process", error)
        return None


class _Watcher:
    """Tells on stderr what happens: events as lines and, on a terminal, one line of progress."""

    def __init__(self, *, quiet: bool) -> None:
        self._show_events = not quiet
        self._show_status = not quiet and sys.stderr.isatty()
        self._frames = 0
        self._since_s = time.monotonic()

    def __call__(self, result: FrameResult) -> None:
        if self._show_events:
            for event in result.events:
                self._say(f"{result.source}: {_words(event)}\n")
        self._frames += 1
        elapsed_s = time.monotonic() - self._since_s
        if self._show_status and elapsed_s >= STATUS_S:
            people = sum(track.missing_s == 0 for track in result.tracks)
            self._say(f"frame {result.seq}  people {people}  {self._frames / elapsed_s:.1f} fps")
            self._frames, self._since_s = 0, time.monotonic()

    def _say(self, text: str) -> None:
        clear = "\r\x1b[K" if self._show_status else ""
        sys.stderr.write(clear + text)
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line of progress."""
        if self._show_status:
            self._say("")


def _words(event: Event) -> str:
    who = "" if event.track_id is None else f", person {event.track_id}"
    return f"{event.kind} {event.stage}{who}, {event.t:.1f} s, score {event.score:.2f}"
