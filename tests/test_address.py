"""Addresses: whatever stands in one, nothing secret of it is shown, and what is wrong is said in words of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.address import camera_of, lacks_scheme, problem
from edgepose.config import Config
from edgepose.publish.options import MqttOptions
from edgepose.redaction import redact, shown

SECRET = "s3cr3t"

CREDENTIALS_BEFORE_THE_HOST = [
    f"rtsp://bob:{SECRET}@host/path",
    f"rtsp://{SECRET}@host/path",
    f"rtsp://bob:{SECRET}/with/slash@host/path",
    f"rtsp://bob:{SECRET}@more@host/path",
    f"rtsp://bob:{SECRET}?x#y@host/path",
    f"rtsp://bob:{SECRET}#y@host:554/path",
    f"rtsp://bob:{SECRET} y@host:554/path",
    f"rtsp://bob:x {SECRET}@host:554/path",
    f"rtsp://bob:{SECRET}[1@host/path",
    f"rtsp://bob:x://{SECRET}@host/path",
    f"rtsp://bob:{SECRET}",
    f"rtsp://bob:{SECRET}/no/host",
    f"RTSPS://bob:{SECRET}@[::1]:322/path",
    f"http://bob:{SECRET}@host/video.cgi",
    f"mqtt://bob:{SECRET}@broker:1883",
]

CREDENTIALS_IN_THE_PATH = [
    f"rtsp://host/user=admin&password={SECRET}&channel=1&stream=0.sdp",
    f"rtsp://host/user=admin_password={SECRET}_channel=1_stream=0.sdp?real_stream",
    f"rtsp://host/user={SECRET}_password=_channel=1_stream=0.sdp",
    f"rtsp://host/path?user=bob&password={SECRET}&channel=1",
    f"rtsp://host/path?USER=bob&PASSWORD={SECRET}",
    f"rtsp://host/path;user=bob;pwd={SECRET};channel=1",
    f"rtsp://host/path?auth_token={SECRET}",
    f"rtsp://host/cgi?loginuse=bob&loginpas={SECRET}",
    f"rtsp://host/cam/realmonitor?channel=1&subtype=0&authbasic={SECRET}",
    f"http://host/cgi-bin/CGIStream.cgi?cmd=GetMJStream&usr=bob&pwd={SECRET}",
    f"http://host/video.cgi?u=bob&p={SECRET}",
    f"rtsp://host/x?password=a&{SECRET}=b&channel=1",
    f"rtsp://host/user%3Dbob%26password%3D{SECRET}",
    f"rtsp://host/user%253Dbob%2526password%253D{SECRET}",
    f"rtsp://host/p%61ssword={SECRET}",
    f"rtsp://host/bob:{SECRET}/stream1",
    f"rtsp://host/user/bob/password/{SECRET}/stream1",
    f"rtsps://host:7441/AbCd{SECRET}EfGh1234567?enableSrtp",
    f"rtsp://host/x?token=a@{SECRET}",
]

WITHOUT_SCHEME = [f"bob:{SECRET}@host/path", f"rtsp:/bob:{SECRET}@host/path", f"//bob:{SECRET}@host/path"]

ALL = [*CREDENTIALS_BEFORE_THE_HOST, *CREDENTIALS_IN_THE_PATH, *WITHOUT_SCHEME]


@pytest.mark.parametrize("address", ALL)
def test_nothing_secret_of_an_address_is_shown(address: str) -> None:
    assert SECRET not in shown(address)
    assert SECRET not in problem(address)
    for text in ("{}", "cannot open {}: timed out", "'{}' is off", 'uri = "{}"', "rtsp://a:b@c/d and {}, twice"):
        assert SECRET not in redact(text.format(address))


@pytest.mark.parametrize("address", ALL)
def test_nothing_secret_of_an_address_becomes_a_name(address: str) -> None:
    if not problem(address):
        assert SECRET not in camera_of(address)


@pytest.mark.parametrize(
    ("address", "visible"),
    [
        ("rtsp://bob:pw@host:554/cam?channel=1", "rtsp://***@host:554/cam?channel=1"),
        ("rtsp://host/Streaming/Channels/101", "rtsp://host/Streaming/Channels/101"),
        ("rtsp://host/h264Preview_01_main", "rtsp://host/h264Preview_01_main"),
        (
            "rtsp://host/user=a_password=b_channel=2_stream=0.sdp",
            "rtsp://host/user=***&password=***&channel=2&stream=0.sdp",
        ),
        ("rtsp://bob:pw#x@10.0.0.5:554/cam", "rtsp://***@10.0.0.5:554/cam"),
        ("file:///clips/hall.mp4", "file:///clips/hall.mp4"),
        ("/clips/hall@night.mp4", "/clips/hall@night.mp4"),
        ("synthetic://?people=3&fall_s=8", "synthetic://?people=3&fall_s=8"),
    ],
)
def test_what_a_person_needs_stays_visible(address: str, visible: str) -> None:
    assert shown(address) == visible


def test_text_keeps_all_but_the_addresses() -> None:
    assert redact("a sentence without an address") == "a sentence without an address"
    assert redact("rtsp://bob:pw@host/x: timed out, 3 of 5.") == "rtsp://***@host/x: timed out, 3 of 5."
    assert (
        redact('password_file = "/etc/pw"\nurl = "mqtt://a:b@c"') == 'password_file = "/etc/pw"\nurl = "mqtt://***@c"'
    )


def test_options_hide_addresses_wherever_they_hold_them() -> None:
    config = Config(mqtt=MqttOptions(url=f"mqtt://bob:{SECRET}@broker"))
    assert SECRET not in repr(config)
    assert "broker" in repr(config)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("camera.lan", "scheme"),
        ("rtsp://", "no host"),
        ("rtsp:///cam", "no host"),
        ("rtsp://u:p@:554/cam", "no host"),
        ("rtsp://ho st/cam", "blank"),
        ("rtsp://u:p\u00a0x@host/cam", "blank"),
        ("rtsp://u:a#b@host/cam", "an @ stands behind"),
        ("rtsp://host/cam@1", "an @ stands behind"),
        ("rtsp://host:99999/cam", "port"),
        ("rtsp://host:0/cam", "port"),
        ("rtsp://u:a[b@host/cam", "cannot be one"),
        ("rtsp://[::1/cam", "cannot be one"),
        ("rtsp://a;b/cam", "cannot be one"),
    ],
)
def test_what_is_wrong_with_an_address_is_named(address: str, says: str) -> None:
    assert says in problem(address)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://host",
        "rtsp://bob:pa%23%2F%3F%5B%20%40ss@camera-1.lan:8554/stream1?x=1",
        "rtsp://bob:p@ss@host/x",
        "rtsps://[fe80::1%25eth0]:322/x",
        "rtsp://höhle.lan/x",
        "mqtt://broker_1",
    ],
)
def test_nothing_is_wrong_with_these(address: str) -> None:
    assert problem(address) == ""


@pytest.mark.parametrize("text", WITHOUT_SCHEME)
def test_a_forgotten_scheme_is_noticed(text: str) -> None:
    assert lacks_scheme(text)


def test_file_names_are_no_addresses() -> None:
    assert not any(map(lacks_scheme, ["clips/hall@2x.mp4", "a@b", "12:30.mp4", "hall"]))


@given(
    user=st.text("abc#/?[]@: %&=", max_size=4),
    secret=st.text("XYZ", min_size=4, max_size=9),
    junk=st.text("#/?[]@: %&=;_.,!'\"", max_size=3),
    host=st.sampled_from(["10.0.0.5", "camera.lan:554", "[::1]:554"]),
)
def test_no_password_of_any_letters_survives(user: str, secret: str, junk: str, host: str) -> None:
    address = f"rtsp://{user}:{junk}{secret}{junk}@{host}/cam"
    assert secret not in shown(address)
    assert secret not in redact(f"cannot open {address!r}: no answer")
    if not problem(address):
        assert secret not in camera_of(address)
