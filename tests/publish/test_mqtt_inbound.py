"""What others say to the device: answers to alerts, a status that is not ours, and what gone cameras left behind."""

from __future__ import annotations

import json

import pytest
from publish_scene import fall, person, result, wait_for
from subscriber import Subscriber

from edgepose.clock import uuid7
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions

BASE = "edgepose/v1/jetson"
CARD = {"cameras": [{"name": "hall", "live": True}]}


@pytest.fixture
def publisher(broker):
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    one.open(CARD)
    assert wait_for(lambda: one.connected)
    yield one
    one.close()


def test_an_answer_closes_the_fall_and_everybody_hears_of_it(broker, publisher, say):
    with Subscriber(broker.port) as subscriber:
        publisher.publish(result(person(), events=(fall("confirmed", born := uuid7()),)))
        assert wait_for(lambda: subscriber.json("/fall") and subscriber.json("/fall")[-1]["state"] == "ON")
        say("ack", json.dumps({"alert_id": born, "action": "helped", "by": "anna"}))
        assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "OFF")
        end = subscriber.json("/alert")[-1]
        assert (end["id"], end["type"], end["evidence"]) == (born, "end", {"action": "helped", "by": "anna"})


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"helped", b'{"alert_id": "unknown", "action": "helped"}'])
def test_what_is_no_answer_does_nothing(broker, publisher, say, payload):
    with Subscriber(broker.port) as subscriber:
        publisher.publish(result(person(), events=(fall("confirmed", uuid7()),)))
        assert wait_for(lambda: subscriber.json("/alert"))
        say("ack", payload)
        say("ack", json.dumps({"alert_id": publisher._desk.state("hall").alert_id, "action": "seen"}))
        assert wait_for(lambda: len(subscriber.json("/alert")) == 2)  # the last one was understood, so all were read
        assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "ON")


def test_a_retained_answer_answers_nothing_to_come(broker, say):
    born = uuid7()
    say("ack", json.dumps({"alert_id": born, "action": "helped"}), retain=True)
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    one.open(CARD)
    one.publish(result(person(), events=(fall("confirmed", born),)))
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.json("/fall"))
        assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "ON")
        one.close()


def test_the_last_will_of_a_dead_session_is_contradicted(broker, publisher, say):
    with Subscriber(broker.port) as subscriber:
        say("status", "offline", retain=True)
        assert wait_for(lambda: subscriber.raw("/status")[-1:] == [b"online"])


def test_retained_topics_of_a_camera_that_is_gone_are_cleared_and_others_stay(broker, say):
    say("cam/attic/status", "online", retain=True)
    say("cam/attic/fall", '{"state":"ON","stage":"confirmed","alert_id":"x"}', retain=True)
    say("cam/hall/status", "online", retain=True)
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    one.open(CARD)
    one.camera_state("hall", "online")
    assert wait_for(lambda: one.connected)
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: b"" in subscriber.raw("attic/fall") or not subscriber.raw("attic/fall"))
    assert wait_for(lambda: not one._link._busy())
    with Subscriber(broker.port) as late:
        assert wait_for(lambda: late.raw("hall/status") == [b"online"])
        assert late.raw("attic/status") == [] and late.raw("attic/fall") == []
    one.close()


def test_while_it_leaves_nothing_is_contradicted(broker, publisher):
    with Subscriber(broker.port) as subscriber:
        publisher._link.say_again(publisher.topics.of("status"))  # its echo comes back while it leaves
        publisher.close()
        assert wait_for(lambda: subscriber.raw("jetson/status")[-1:] == [b"stopped"])
        assert len(subscriber.raw("jetson/status")) <= 3
