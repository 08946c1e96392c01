"""Topics and the broker's address: hostile names stay harmless, credentials stay hidden."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.errors import ConfigError
from edgepose.names import slug
from edgepose.publish.mqtt.topics import Topics, parse_url


@given(st.text())
def test_any_name_becomes_one_plain_level(name):
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,73}", slug(name))


@pytest.mark.parametrize("name", ["hall", "cam_1", "front-door"])
def test_a_plain_name_stays_as_it_is(name):
    assert slug(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/b", "a+b"),
        ("a.b", "a_b"),
        ("a.b", "a-b"),
        ("#", "+"),
        ("kitchen ", "kitchen"),
        ("x" * 80, "x" * 81),
        ("", "-"),
    ],
)
def test_two_cameras_never_share_a_topic(one, other):
    assert slug(one) != slug(other)


def test_topics_of_a_device_and_its_camera():
    topics = Topics("jetson-1")
    assert topics.of("status") == "edgepose/v1/jetson-1/status"
    assert topics.of_camera("hall", "fall") == "edgepose/v1/jetson-1/cam/hall/fall"


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("mqtt://broker", "broker", 1883, False),
        ("mqtts://broker", "broker", 8883, True),
        ("mqtt://u:p%40ss@10.0.0.2:2000/", "10.0.0.2", 2000, False),
        ("mqtt://[::1]:1884", "::1", 1884, False),
    ],
    ids=["plain", "tls", "all", "v6"],
)
def test_an_address_is_read(url, host, port, tls):
    broker = parse_url(url)
    assert (broker.host, broker.port, broker.tls) == (host, port, tls)


def test_credentials_are_decoded_and_never_shown():
    broker = parse_url("mqtt://anna:s%3Acret@broker")
    assert (broker.user, broker.password) == ("anna", "s:cret")
    assert "cret" not in f"{broker} {broker!r}" and "anna" not in f"{broker} {broker!r}"


@pytest.mark.parametrize(
    "url",
    ["broker:1883", "http://u:cret@broker", "mqtt://", "mqtt://u:cret@b:port", "mqtt://u:cret@b/topic", "mqtt://["]
    + [f"mqtt://u:cret{letter}x@b" for letter in "#/?[ "]
    + ["mqtt://u:cret@b:0", "mqtt://u:cret@[fe80::1%25eth0]", "mqtt://u:cret@[fe80::1%eth0]:1883"]
    + ["u:cret@broker", "mqtt:/u:cret@broker", "mqtt://b/?password=cret"],
)
def test_a_wrong_address_is_told_without_its_credentials(url):
    with pytest.raises(ConfigError, match="mqtt://") as caught:
        parse_url(url)
    assert "cret" not in str(caught.value)
    assert caught.value.__context__ is None
