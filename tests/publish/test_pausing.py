"""A camera is paused over MQTT where that is allowed, ends by itself, and everybody sees that nobody looks."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from home_assistant import UNAVAILABLE, Home
from publish_scene import wait_for
from subscriber import Subscriber

from edgepose.alerts.options import AlertOptions
from edgepose.backends import BackendInfo
from edgepose.config import Config, PipelineOptions
from edgepose.model import ModelSpec
from edgepose.names import slug
from edgepose.pipeline import Pipeline
from edgepose.pipeline.pauses import Pauses
from edgepose.publish.mqtt.pausing import read_pausing
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.types import Event, Frame

HALL = "jetson/cam/hall"
ON, OFF = '{"state":"ON"}', '{"state":"OFF"}'


class Camera:
    """A live camera of twenty pictures a second, until it is closed."""

    name, live, state, dropped = "hall", True, "online", 0

    def __init__(self) -> None:
        self.seq = 0

    def read(self, timeout_s: float = 1.0) -> Frame:
        time.sleep(0.05)
        self.seq += 1
        return Frame(np.zeros((64, 64, 3), np.uint8), time.monotonic(), self.seq, self.name)

    def close(self) -> None:
        pass


class Nobody:
    """A network that finds nobody, and counts the pictures it is shown."""

    spec = ModelSpec(name="nobody", input_hw=(64, 64))
    info = BackendInfo(name="nobody", version="1", device="none", precision="f32")

    def __init__(self) -> None:
        self.n = 0

    def infer(self, batch):
        self.n += len(batch)
        return [np.zeros((len(batch), 19, 8, 8), np.float32), np.zeros((len(batch), 38, 8, 8), np.float32)]

    def close(self) -> None:
        pass


class OneFall:
    """A rule that has a fall open from its first frame on."""

    n_made = 0

    def __init__(self, size_wh=None) -> None:
        OneFall.n_made += 1
        self._begun = OneFall.n_made > 1

    def update(self, tracks, t):
        if self._begun:
            return []
        self._begun = True
        return [Event("fall", "confirmed", t, 1, 0.9, started_t=t, episode="019a0000-0000-7000-8000-000000000001")]

    def abandon(self, why):
        open_fall = "019a0000-0000-7000-8000-000000000001"
        return [Event("fall", "unknown", time.monotonic(), 1, 0.9, episode=open_fall, evidence={"why": why})]


@pytest.fixture
def running(broker):
    """Makes a running pipeline; gives it with its network."""
    pipelines = []

    def make(pause_min: float, clear_s: float = 300.0, rules=()) -> tuple[Pipeline, Nobody]:
        OneFall.n_made = 0
        network = Nobody()
        options = MqttOptions(url=broker.url, device="jetson", pause_min=pause_min)
        config = Config(
            mqtt=options, alerts=AlertOptions(clear_s=clear_s), pipeline=PipelineOptions(picture_s=0, stats_s=0.2)
        )
        pipeline = Pipeline(config, source=Camera(), model=network, rules=rules, publishers=["mqtt"])
        pipelines.append(pipeline)
        pipeline.start(to_caller=False)
        return pipeline, network

    yield make
    for one in pipelines:
        one.close()


def last(subscriber: Subscriber, end: str):
    return subscriber.json(end)[-1] if subscriber.json(end) else None


def test_a_paused_camera_is_not_looked_at_until_the_pause_ends(broker, running, say):
    with Subscriber(broker.port) as subscriber:
        _, network = running(pause_min=30)
        assert wait_for(lambda: network.n > 3 and last(subscriber, "hall/pause"))
        assert wait_for(lambda: last(subscriber, "hall/pause") == {"state": "OFF", "until": None, "by": None})
        say("cam/hall/pause/set", json.dumps({"state": "ON", "minutes": 0.03, "by": "anna"}))
        assert wait_for(lambda: subscriber.raw(f"{HALL}/status")[-1:] == [b"paused"])
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "ON")
        assert wait_for(
            lambda: last(subscriber, "hall/pause")["by"] == "anna" and last(subscriber, "hall/pause")["until"] > "20"
        )
        assert wait_for(lambda: [one["code"] for one in last(subscriber, "/health")["reasons"]] == ["camera_paused"])
        time.sleep(0.2)  # what was under way
        before = network.n
        time.sleep(0.5)
        assert network.n == before
        assert wait_for(lambda: subscriber.raw(f"{HALL}/status")[-1:] == [b"online"])
        assert wait_for(lambda: network.n > before and last(subscriber, "/health")["reasons"] == [])
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "OFF")


def test_it_is_ended_by_hand_and_never_longer_than_is_allowed(broker, running, say):
    with Subscriber(broker.port) as subscriber:
        running(pause_min=0.05)
        assert wait_for(lambda: last(subscriber, "hall/pause"))
        say("cam/hall/pause/set", ON)
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "ON")
        say("cam/hall/pause/set", OFF)
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "OFF")
        began = time.monotonic()
        say("cam/hall/pause/set", json.dumps({"state": "ON", "minutes": 1000}))
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "ON")
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "OFF")
        assert time.monotonic() - began > 2.5  # three seconds of .05 minutes


NOT_DONE = {
    "not allowed": (0, "cam/hall/pause/set", b"ON", False),
    "retained": (30, "cam/hall/pause/set", b"ON", True),
    "another camera": (30, "cam/attic/pause/set", b"ON", False),
    "no request": (30, "cam/hall/pause/set", b"on", False),
    "no minutes": (30, "cam/hall/pause/set", b'{"state":"ON","minutes":0}', False),
    "negative": (30, "cam/hall/pause/set", b'{"state":"ON","minutes":-5}', False),
    "words": (30, "cam/hall/pause/set", b'{"state":"ON","minutes":"ten"}', False),
    "deep": (30, "cam/hall/pause/set", b"[" * 100_000, False),
    "empty": (30, "cam/hall/pause/set", b"", False),
}


@pytest.mark.parametrize(("pause_min", "topic", "payload", "retain"), NOT_DONE.values(), ids=NOT_DONE.keys())
def test_what_pauses_nothing(broker, running, say, pause_min, topic, payload, retain):
    with Subscriber(broker.port, foreign=("/pause/set",)) as subscriber:
        if retain:
            say(topic, payload, retain)
        _, network = running(pause_min)
        assert wait_for(lambda: network.n > 3 and subscriber.raw(f"{HALL}/status"))
        if not retain:
            say(topic, payload)
        time.sleep(0.6)
        assert wait_for(lambda: subscriber.raw(f"{HALL}/status") == [b"online"])


def test_an_open_fall_is_unknown_while_nobody_looks_and_cleared_in_the_end(broker, running, say):
    with Subscriber(broker.port) as subscriber:
        running(pause_min=30, clear_s=1.0, rules=[OneFall])
        assert wait_for(lambda: (last(subscriber, "hall/fall") or {}).get("stage") == "confirmed")
        say("cam/hall/pause/set", ON)
        assert wait_for(lambda: last(subscriber, "hall/fall")["stage"] == "unknown")
        assert wait_for(lambda: last(subscriber, "/alert")["evidence"] == {"why": "the camera is paused"})
        assert wait_for(lambda: last(subscriber, "hall/occupancy") == {"state": "OFF", "count": 0})
        say("cam/hall/pause/set", OFF)
        assert wait_for(lambda: last(subscriber, "hall/fall")["state"] == "OFF")
        assert wait_for(lambda: last(subscriber, "/alert")["event_type"] == "cleared")


def test_no_pause_outlives_the_device(broker, running, say):
    with Subscriber(broker.port) as subscriber:
        pipeline, _ = running(pause_min=30)
        assert wait_for(lambda: last(subscriber, "hall/pause"))
        say("cam/hall/pause/set", ON)
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "ON")
        pipeline.close()
        assert wait_for(lambda: last(subscriber, "hall/pause")["state"] == "OFF")
        assert wait_for(lambda: subscriber.raw(f"{HALL}/status")[-1] == b"offline")


def test_what_a_pause_left_behind_is_cleared_where_none_is_allowed_any_more(broker, running, say):
    say("cam/hall/pause", '{"state":"ON","until":null,"by":null}', True)
    _, network = running(pause_min=0)
    assert wait_for(lambda: network.n > 3)
    time.sleep(0.5)
    with Subscriber(broker.port) as late:
        assert wait_for(lambda: late.raw(f"{HALL}/status"))
        assert late.raw(f"{HALL}/pause") == []


@pytest.mark.parametrize("allowed", [True, False])
def test_home_assistant_has_a_switch_where_it_is_allowed_and_shows_nothing_calm_meanwhile(broker, allowed):
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson", pause_min=30 if allowed else 0))
    pauses = Pauses(["hall"])
    publisher.use_pauses(pauses)
    publisher.open({"cameras": [{"name": "hall", "live": True}]})
    key = "edgepose.jetson.cam.hall"
    with Home(broker.port) as home:
        publisher.camera_state("hall", "online")
        assert wait_for(lambda: home.states(f"{key}.link") == ["on"])
        assert bool(home.states(f"{key}.pause")) == allowed
        if allowed:
            assert wait_for(lambda: home.states(f"{key}.pause") == ["off"])
            home[f"{key}.pause"].turn("on")
            assert wait_for(lambda: pauses.until("hall") is not None)
            publisher.camera_state("hall", "paused")
            wanted = ["on", UNAVAILABLE, UNAVAILABLE, "on", "paused"]
            names = [f"{key}.{name}" for name in ("pause", "fall", "occupancy", "link", "state")]
            assert wait_for(lambda: home.states(*names) == wanted), home.states(*names)
    publisher.close()


def test_a_request_reads_as_it_is_meant():
    assert read_pausing(b"ON").state == "ON" and read_pausing(b"OFF").state == "OFF"
    request = read_pausing(b'{"state":"ON","minutes":5,"by":"a\\u0007nna"}')
    assert (request.minutes, request.by) == (5, "anna")


def test_pauses_end_by_themselves_and_only_of_cameras_that_are_there():
    pauses, dotted = Pauses(["hall", "192.168.1.20"]), slug("192.168.1.20")
    assert pauses.pause("hall", 0.1) and not pauses.pause("attic", 1) and pauses.pause(dotted, 1e12)
    assert pauses.until("hall") is not None and pauses.until(dotted) < time.monotonic() + 86_401
    time.sleep(0.12)
    assert pauses.until("hall") is None and not pauses.resume("attic")
