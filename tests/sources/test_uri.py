"""Addresses: what is allowed, what a camera is called, what may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepose.config import Config, SourceEntry
from edgepose.errors import SourceError
from edgepose.sources import open_source
from edgepose.sources.uri import camera_name, local_path, redact, scheme_of

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "text",
    [
        f"rtsp://bob:{SECRET}@host/path",
        f"rtsp://{SECRET}@host/path",
        f"rtsp://bob:{SECRET}/with/slash@host/path",
        f"rtsp://bob:{SECRET}@more@host/path",
        f"rtsp://bob:{SECRET}?x#y@host/path",
        f"RTSPS://bob:{SECRET}@[::1]:322/path",
        f"rtsp://host/path?user=bob&password={SECRET}&channel=1",
        f"rtsp://host/path?auth_token={SECRET}",
        f"cannot open rtsp://bob:{SECRET}@host/path: timed out",
        f"rtsp://a:{SECRET}@one/x and rtsp://b:{SECRET}@two/y",
    ],
)
def test_no_credential_survives_redaction(text: str) -> None:
    assert SECRET not in redact(text)


def test_a_configured_source_shows_no_credentials() -> None:
    config = Config(sources=(SourceEntry(uri=f"rtsp://bob:{SECRET}@host/x"),))
    assert SECRET not in repr(config)


def test_redaction_keeps_what_a_person_needs() -> None:
    assert redact("rtsp://bob:pw@host:554/cam?channel=1") == "rtsp://***@host:554/cam?channel=1"
    assert redact("a sentence without an address") == "a sentence without an address"


@pytest.mark.parametrize(
    "uri",
    [
        "exec:rm -rf /",
        "exec://rm",
        "pipe:0",
        "http://host/video.mp4",
        "concat:a.ts|b.ts",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "gst://videotestsrc ! fakesink",
        "videotestsrc ! appsink",
        "lavfi://testsrc",
        "rtsp://host/a\nb",
        "cam\x00era.mp4",
        "",
    ],
)
def test_nothing_outside_the_allow_list_is_opened(uri: str) -> None:
    with pytest.raises(SourceError):
        open_source(uri)


def test_an_unknown_scheme_is_answered_with_the_nearest_and_without_its_password() -> None:
    with pytest.raises(SourceError, match="did you mean rtsp://") as caught:
        open_source(f"rstp://bob:{SECRET}@host/x")
    assert SECRET not in str(caught.value)


def test_a_path_is_a_file_and_a_folder_is_pictures(tmp_path: Path) -> None:
    assert scheme_of("room.mp4") == "file"
    assert scheme_of("room.jpg") == "images"
    assert scheme_of(str(tmp_path)) == "images"
    assert scheme_of(tmp_path.as_uri()) == "images"


def test_percent_escapes_are_resolved_in_addresses_only() -> None:
    assert local_path("file:///a%20b/c") == Path("/a b/c")
    assert local_path("/a%20b/c") == Path("/a%20b/c")


def test_a_file_address_with_a_host_says_to_write_three_slashes() -> None:
    with pytest.raises(SourceError, match="three slashes"):
        local_path("file://room.mp4")


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/clips/living room.mp4", "living_room"),
        ("rtsp://bob:pw@192.168.1.5:554/stream1", "192.168.1.5_stream1"),
        ("v4l2:///dev/video2", "video2"),
        ("csi://1", "csi1"),
        ("synthetic://?people=3", "synthetic"),
        ("///", "camera"),
    ],
)
def test_a_camera_is_named_after_its_address(uri: str, name: str) -> None:
    assert camera_name("", uri) == name


@pytest.mark.parametrize("wish", ["../etc", "a/b", "a+b", "#", "$SYS", "a b", "x" * 65, "-rf", "a\n"])
def test_a_name_that_could_steer_a_topic_or_path_is_refused(wish: str) -> None:
    with pytest.raises(SourceError, match="camera name"):
        camera_name(wish, "csi://0")
