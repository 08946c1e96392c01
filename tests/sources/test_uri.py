"""Addresses: what is allowed, what a camera is called, what may be shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from edgepose.config import Config, SourceEntry
from edgepose.errors import SourceError
from edgepose.sources import open_source
from edgepose.sources.uri import camera_name, local_path, scheme_of

SECRET = "s3cr3t"


def test_a_configured_source_shows_no_credentials() -> None:
    config = Config(sources=(SourceEntry(uri=f"rtsp://bob:{SECRET}@host/x"),))
    assert SECRET not in repr(config)


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
        ("rtsp://bob:pw@192.168.1.5:554/stream1", "192_168_1_5_stream1"),
        ("rtsp://10.0.0.5/Streaming/Channels/101", "10_0_0_5_Streaming_Channels_101"),
        ("rtsp://10.0.0.5/h264Preview_01_main", "10_0_0_5_h264Preview_01_main"),
        ("rtsp://10.0.0.5/cam/realmonitor?channel=2&subtype=0", "10_0_0_5_cam_realmonitor_ch2"),
        ("rtsp://10.0.0.5:9/user=admin&password=s3cr3t&channel=1&stream=0.sdp", "10_0_0_5_ch1"),
        ("rtsp://10.0.0.5:9/user=admin_password=s3cr3t_channel=1_stream=0.sdp", "10_0_0_5_ch1"),
        ("rtsp://10.0.0.5/USER%3Dadmin%26PASSWORD%3Ds3cr3t", "10_0_0_5"),
        ("rtsp://10.0.0.5/admin/s3cr3t/stream1", "10_0_0_5"),
        ("rtsps://10.0.0.5:7441/AbCdEfGh12345678?enableSrtp", "10_0_0_5"),
        ("rtsp://10.0.0.5/live/stream1?token=s3cr3t", "10_0_0_5_live_stream1"),
        ("rtsp://bob:pw@[fe80::1]:554/live", "fe80_1_live"),
        ("v4l2:///dev/video2", "video2"),
        ("csi://1", "csi1"),
        ("synthetic://?people=3", "synthetic"),
        ("///", "camera"),
    ],
)
def test_a_camera_is_named_after_its_address(uri: str, name: str) -> None:
    assert camera_name("", uri) == name


@pytest.mark.parametrize(
    "uri",
    ["anna:" + "x" * 300 + "@camera", "~nobody-of-that-name/clip.mp4", "y" * 5000, "a\0b", "file:///a%00b", "a\ud800b"],
)
def test_a_path_that_no_system_holds_is_a_sentence_or_a_name(uri: str) -> None:
    try:
        assert camera_name("", uri)
    except SourceError as error:
        assert "x" * 300 not in str(error)


@pytest.mark.parametrize("wish", ["../etc", "a/b", "a+b", "#", "$SYS", "a b", "x" * 65, "-rf", "a\n"])
def test_a_name_that_could_steer_a_topic_or_path_is_refused(wish: str) -> None:
    with pytest.raises(SourceError, match="camera name"):
        camera_name(wish, "csi://0")


@pytest.mark.parametrize(
    "uri",
    [f"rtsp://admin:{SECRET}{letter}x@127.0.0.1:9/cam" for letter in ("#", "/", "?", "[", "]", " ", "\u00a0")]
    + [f"rtsp://admin:{SECRET}", f"admin:{SECRET}@127.0.0.1/cam", f"rtsp:/admin:{SECRET}@127.0.0.1/cam"]
    + [f"file://admin:{SECRET}@host/x.mp4", f"http://admin:{SECRET}@host/x", f"v4l2://admin:{SECRET}@host/dev/video0"]
    + [f"csi://admin:{SECRET}@0", f"csi://0?password={SECRET}", f"rtsp://admin:{SECRET}\x00@host/x"],
)
def test_an_address_that_is_refused_is_not_repeated(uri: str) -> None:
    for refuse in (open_source, partial(camera_name, "")):
        try:
            said = str(refuse(uri))
        except SourceError as error:
            said = everything_of(error)
        assert SECRET not in said


@pytest.mark.parametrize("letter", ["#", "/", "?", "[", "]", " "])
def test_letters_that_a_password_may_not_hold_are_said_with_their_escapes(letter: str) -> None:
    with pytest.raises(SourceError, match="written %23 %2F %3F %5B %5D %40 %20"):
        open_source(f"rtsp://admin:a{letter}b@127.0.0.1:9/cam")


def everything_of(error: BaseException) -> str:
    """What an error and all errors behind it say, as a collector of errors may keep it."""
    said, one = "", error
    while one is not None:
        said += f"{one!r} {one} {vars(one)} "
        one = one.__cause__ or one.__context__
    return said
