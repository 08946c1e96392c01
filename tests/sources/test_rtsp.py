"""RTSP against a real server: pictures, a restart midway, refusals told apart, no password anywhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
from sources_kit import READERS, RtspServer

from edgepose.errors import SourceError
from edgepose.sources import SourceOptions, gst_rtsp, open_source
from edgepose.sources.gst_reader import Elements
from edgepose.sources.live import LiveSource

pytestmark = pytest.mark.timeout(90)
PASSWORD = "pa:s/s@word"
ESCAPED = "bob:pa%3As%2Fs%40word@"


@pytest.fixture(params=[*READERS, "gstreamer"])
def options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SourceOptions:
    """Quick deadlines for one library; GStreamer gets the software decoder in place of the board's."""
    if request.param == "gstreamer":
        monkeypatch.setattr(gst_rtsp, "JETSON", request.getfixturevalue("software_decoder"))
    return SourceOptions(
        reader=request.param, open_timeout_s=10, hang_s=3, stall_s=0.5, backoff_first_s=0.1, backoff_max_s=0.3
    )


def pictures(source: LiveSource, n: int, within_s: float = 20.0) -> int:
    """How many of n frames came before the time was up."""
    deadline, seen = time.monotonic() + within_s, 0
    while seen < n and time.monotonic() < deadline:
        seen += source.read(0.2) is not None
    return seen


def test_a_stream_that_is_stopped_and_started_again_goes_on(
    rtsp_server: Callable[..., RtspServer], options: SourceOptions
) -> None:
    server = rtsp_server()
    source = open_source(server.uri(), options)
    assert isinstance(source, LiveSource)
    assert pictures(source, 5) == 5
    assert source.state == "online"
    server.kill()
    deadline = time.monotonic() + 20
    while source.state == "online" and time.monotonic() < deadline:
        source.read(0.1)
    assert source.state in ("stalled", "reconnecting")
    server.start()
    deadline = time.monotonic() + 30
    while source.reconnects == 0 and time.monotonic() < deadline:
        source.read(0.1)
    assert pictures(source, 5) == 5
    assert source.reconnects == 1
    assert source.state == "online"
    begin = time.monotonic()
    source.close()
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize(
    ("credentials", "path", "says"),
    [("", "cam", r"\(401\)"), ("bob:wrong@", "cam", r"\(401\)"), (ESCAPED, "nope", r"\(404\)")],
    ids=["no password", "wrong password", "wrong path"],
)
def test_refusals_are_told_apart(
    rtsp_server: Callable[..., RtspServer], options: SourceOptions, credentials: str, path: str, says: str
) -> None:
    server = rtsp_server("--user", "bob", "--password", PASSWORD)
    with pytest.raises(SourceError, match=says):
        open_source(server.uri(path, credentials), options)


def test_the_right_password_opens_and_is_shown_nowhere(
    rtsp_server: Callable[..., RtspServer],
    options: SourceOptions,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    server = rtsp_server("--user", "bob", "--password", PASSWORD)
    source = open_source(server.uri("cam", ESCAPED), options)
    assert isinstance(source, LiveSource)
    assert pictures(source, 1) == 1
    server.kill()
    deadline = time.monotonic() + 20
    while not source.last_error and time.monotonic() < deadline:
        source.read(0.1)
    source.close()
    shown = " ".join((caplog.text, *capfd.readouterr(), source.last_error, source.name, repr(source)))
    assert "127.0.0.1" in shown
    assert not any(secret in shown for secret in ("bob", PASSWORD, "pa%3A", "word"))


def test_nobody_at_the_port_is_said_as_such() -> None:
    with pytest.raises(SourceError, match="connection refused") as caught:
        open_source("rtsp://bob:s3cr3t@127.0.0.1:9/cam", SourceOptions(open_timeout_s=5))
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None  # the library's own error holds the whole address


@pytest.mark.parametrize(
    "uri",
    ["rtsp://", "rtsp:///cam", "rtsp://ho st/cam", "rtsp://host:0/cam", "rtsp://host:99999/cam", "rtsp://a;b/cam"],
)
def test_an_address_that_cannot_be_one_is_refused_before_connecting(uri: str) -> None:
    with pytest.raises(SourceError, match="no RTSP address"):
        open_source(uri)


def test_a_missing_board_decoder_is_said_as_such(
    rtsp_server: Callable[..., RtspServer], software: Elements, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = Elements(decoder="nosuchdecoder", converter=software.converter, memory="")
    monkeypatch.setattr(gst_rtsp, "JETSON", missing)
    with pytest.raises(ImportError, match="no element 'nosuchdecoder'"):
        open_source(rtsp_server().uri(), SourceOptions(reader="gstreamer", open_timeout_s=10))
