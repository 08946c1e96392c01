"""Network cameras over RTSP: PyAV where installed, OpenCV otherwise, the board's decoder on a Jetson.

A refusal is told apart: wrong password (401, 403), wrong path (404), nobody there. The address with its credentials
goes to the library that connects and nowhere else.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from edgepose.errors import SourceError
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Reader, on_jetson, video_library
from edgepose.sources.refusals import REFUSALS
from edgepose.sources.rtsp_status import describe_status
from edgepose.sources.uri import camera_name, checked_network, redact, shown

_DEFAULT_PORT = {"rtsp": 554, "rtsps": 322}


class RtspSource(LiveSource):
    """One RTSP stream, `rtsp://user:password@host:port/path` or `rtsps://`."""

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        parts, name = checked(uri), camera_name(options.name, uri)
        label = f"camera '{name}' ({shown(uri)})"
        super().__init__(name, label, partial(connect, parts, label, options), options)


def checked(uri: str) -> SplitResult:
    """The parts of an RTSP address. Raises SourceError when host or port cannot be one."""
    return urlsplit(checked_network(uri))


def connect(parts: SplitResult, label: str, options: SourceOptions) -> Reader:
    """An opened stream, through the library that the options and this machine choose. Raises SourceError."""
    try:
        return _open(parts, label, options)
    except SourceError as error:
        why = str(error)
    # outside of the handler, since a library's own error holds the address and would go along as its context
    raise SourceError(why_refused(parts, label, options.open_timeout_s) or redact(why))


def _open(parts: SplitResult, label: str, options: SourceOptions) -> Reader:
    if options.reader == "gstreamer" or (options.reader == "auto" and on_jetson()):
        from edgepose.sources import gst_rtsp

        why = partial(why_refused, parts, label, options.open_timeout_s)
        return gst_rtsp.open_rtsp(parts, label, options, why)
    if video_library(options.reader, "stream") == "av":
        from edgepose.sources import av_reader

        return av_reader.open_rtsp(urlunsplit(parts), label, options)
    from edgepose.sources import cv_reader

    return cv_reader.open_rtsp(urlunsplit(parts), label, options)


def why_refused(parts: SplitResult, label: str, timeout_s: float) -> str | None:
    """Ask the server itself why a stream did not open, since libraries differ in what they tell; None if unclear."""
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORT[parts.scheme]
    if parts.scheme == "rtsps":
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    try:
        status = describe_status(host, port, address, user, password, timeout_s)
    except ConnectionRefusedError:
        return f"{label}: nothing answers at port {port} (connection refused); is it on, and is RTSP enabled?"
    except TimeoutError:
        return f"{label} does not answer within {timeout_s:g} s; is it on and in this network?"
    except OSError as error:
        return f"{label} cannot be reached: {(error.strerror or str(error)).lower()}; check its address and the network"
    if status is None:
        return f"{label}: what answers at port {port} does not speak RTSP; check the port"
    return f"{label} {REFUSALS[status]}" if status in REFUSALS else None
