"""`edgepose capture`: calibration pictures from the device's own cameras, different ones, over time, kept locally."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import EdgePoseError, SourceError

if TYPE_CHECKING:
    from edgepose.cli.picture_folder import PictureFolder
    from edgepose.sources import Source

HELP = "calibration pictures from a camera or video: different ones, spread over time, kept on this machine"
EXAMPLE = """examples:
  edgepose capture --source csi://0 -n 500 --over 24h -o pictures     500 pictures over a day
  edgepose capture --source rtsp://USER:PASSWORD@camera.lan/stream -n 200 -o pictures
  edgepose capture --source people.mp4 -n 100 -o pictures

Pictures are written with mode 0600 and sent nowhere. Started again with the same folder it goes on where it ended."""

LIVE_EVERY_S, FILE_EVERY_S = 10.0, 1.0
"""Seconds between two pictures where neither --over nor --every says: of a camera, and of a recording's own time."""

RETRY_S = 1.0
"""Seconds after a refused picture until another one is tried."""

TELL_S = 10.0
"""Seconds between two lines of progress."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", metavar="URI", required=True, help="camera address, video or picture folder")
    parser.add_argument("-n", "--count", metavar="N", type=_count, default=500, help="pictures wanted (default: 500)")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write to, made where missing")
    spacing = parser.add_mutually_exclusive_group()
    spacing.add_argument("--over", metavar="TIME", type=seconds, help="spread them over this long, such as 24h")
    spacing.add_argument("--every", metavar="TIME", type=seconds, help="pause between two pictures, such as 10s")
    add_json_flag(parser)


def seconds(text: str) -> float:
    """ "90", "90s", "15m", "24h" or "1d" in seconds. Raises ValueError."""
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1.0)
    value = float(number) * unit
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def run(args: argparse.Namespace) -> int:
    from edgepose.cli.picture_folder import PictureFolder
    from edgepose.cli.signals import ending_on_signals, exit_code
    from edgepose.redaction import shown
    from edgepose.sources import open_source

    folder = PictureFolder(Path(args.output))
    before = folder.kept
    error: EdgePoseError | None = None
    source = open_source(args.source)
    stop = threading.Event()
    try:
        with ending_on_signals(stop.set) as received:
            _fill(folder, source, args.count, _every_s(args, source), stop)
    except EdgePoseError as failure:
        error = failure
    finally:
        source.close()
    report = {
        "pictures": folder.kept,
        "new": folder.kept - before,
        "wanted": args.count,
        "refused_alike": folder.alike,
        "refused_blank": folder.blank,
        "folder": args.output,
    }
    print_report(report, as_json=args.json)
    if error is not None:
        raise error
    if not folder.kept:
        raise SourceError(f"{shown(args.source)} gave no picture that is fit to calibrate with; is the lens free?")
    return exit_code(received)


def _every_s(args: argparse.Namespace, source: Source) -> float:
    if args.over is not None:
        return float(args.over) / int(args.count)
    if args.every is not None:
        return float(args.every)
    return LIVE_EVERY_S if source.live else FILE_EVERY_S


def _fill(folder: PictureFolder, source: Source, count: int, every_s: float, stop: threading.Event) -> None:
    """Offer pictures to the folder, one every `every_s` seconds of the source's own time, until it is full.

    After a picture that is refused another is tried soon, so that a change in the scene is caught when it happens; a
    camera that is away is waited for.
    """
    due_t = float("-inf")
    state = source.state
    told = time.monotonic()
    while folder.kept < count and not stop.is_set():
        try:
            frame = source.read()
        except EOFError:
            return
        if source.state != state:
            state = source.state
            print(f"edgepose: camera {source.name} is {state}", file=sys.stderr)
        if frame is not None and frame.t >= due_t:
            due_t = frame.t + (every_s if folder.offer(source.name, frame.image) else min(every_s, RETRY_S))
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            print(f"edgepose: {folder.kept} of {count} pictures", file=sys.stderr, flush=True)
