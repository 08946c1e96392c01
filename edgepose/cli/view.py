"""`edgepose view`: a page that shows what cameras see as skeletons, incidents to answer, and zones to draw."""

from __future__ import annotations

import argparse
import re
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.cli.network_flags import add_network_flags
from edgepose.cli.numbers import whole
from edgepose.errors import ConfigError

if TYPE_CHECKING:
    from edgepose.device.web.looking import Looking

HELP = "a page in the browser: skeletons, incidents to answer, zones to draw"
EXAMPLE = """examples:
  sudo edgepose view                       what the running service sees
  edgepose view 0                          a camera of one's own, without the service
  edgepose view night.jsonl                a recording
  sudo edgepose view --host 0.0.0.0        for others in the house, with a token

shows no pictures, only skeletons, unless --pictures is given; listens on this machine alone unless --host says more"""

PORT = 8732


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="configuration of a run of one's own")
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="*", help="camera, video or recording (.jsonl) in place of the service"
    )
    parser.add_argument("--source", metavar="URI", action="append", default=[], help="the same, as a flag")
    add_network_flags(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; default: 127.0.0.1")
    parser.add_argument("--port", type=whole(0, 65535), default=PORT, help=f"default: {PORT}; 0 takes a free one")
    parser.add_argument("--token", help="what others must show; default: a new one where others may ask")
    parser.add_argument("--pictures", action="store_true", help="show pictures behind the skeletons")


def run(args: argparse.Namespace) -> int:
    import secrets

    from edgepose.address import is_loopback
    from edgepose.cli.signals import ending_on_signals, exit_code
    from edgepose.device.web.server import PageServer

    token = args.token or (None if is_loopback(args.host) else secrets.token_urlsafe(16))
    if token and not re.fullmatch(r"[A-Za-z0-9_.~-]+", token):
        raise ConfigError("a token is letters, digits and any of _ . ~ -, so that it can stand in an address")
    looking = _looking(args)
    try:
        page = PageServer(looking, args.host, args.port, token)
        try:
            host = "localhost" if is_loopback(args.host) else name_of(args.host)
            print(f"http://{host}:{page.port}/{f'?token={token}' if token else ''}", flush=True)
            end = threading.Event()
            with ending_on_signals(end.set) as received:
                end.wait()
        finally:
            page.close()
    finally:
        looking.close()
    return exit_code(received)


def name_of(host: str) -> str:
    """What others call the place that is listened at, for an address."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _looking(args: argparse.Namespace) -> Looking:
    from edgepose.device.control import running
    from edgepose.device.web.looking import OfRecording, OfRun, OfService

    sources = [*args.sources, *args.source]
    if not sources and not args.config:
        service = running()
        if service is None:
            raise ConfigError(
                "no service runs here: name a camera, a video or a recording (.jsonl), or start the service"
            )
        if args.pictures:
            raise ConfigError("the service's pictures never leave it; --pictures goes with a camera or a video")
        return OfService(service)
    if len(sources) == 1 and sources[0].endswith(".jsonl"):
        if not Path(sources[0]).is_file():
            raise ConfigError(f"recording {sources[0]!r} does not exist; record one with: edgepose run --jsonl FILE")
        return OfRecording(Path(sources[0]))
    from edgepose.cli.run import configured
    from edgepose.pipeline import Pipeline

    args.mqtt = args.jsonl = args.save_video = args.show = None
    return OfRun(Pipeline(configured(args), publishers=(), keep_images=args.pictures), pictures=args.pictures)
