"""The AsyncAPI document says what a broker is sent: every topic, its QoS, what is kept, how long, of which form."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions
from publish_scene import fall, person, result, wait_for
from schema_check import channel_of, wrong

from edgepose.cli import main
from edgepose.pipeline.pauses import Pauses
from edgepose.publish.asyncapi import CHANNELS, document
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.publish.schema import schemas
from edgepose.types import Event

BASE = "edgepose/v1/jetson"


@pytest.fixture
def wire(broker):
    """Everything that goes over the broker, as it was published: (topic, payload, qos, retain, expiry)."""
    seen: list[tuple[str, bytes, int, bool, int | None]] = []
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)

    def on_message(client: Any, userdata: Any, message: paho.MQTTMessage) -> None:
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        seen.append((message.topic, message.payload, message.qos, bool(message.retain), expiry))

    client.on_message = on_message
    client.on_subscribe = lambda *args: ready.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe("edgepose/#", options=SubscribeOptions(qos=1, retainAsPublished=True))
    assert ready.wait(20)
    yield seen
    client.disconnect()
    client.loop_stop()


def test_every_channel_is_used_as_the_document_says(broker, wire):
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson", pause_min=30))
    publisher.use_pauses(Pauses(["hall"]))
    publisher.open({"cameras": [{"name": "hall", "live": True}]})
    assert wait_for(lambda: publisher.connected)
    publisher.camera_state("hall", "paused")
    publisher.camera_state("hall", "online")
    publisher.publish(result(person(), events=(fall("confirmed"), Event("posture", "sitting", time.monotonic(), 1))))
    publisher.stats({"fps": 25.0})
    wait_for(lambda: not publisher._link._busy())
    publisher.close()
    assert wait_for(lambda: any(payload == b"stopped" for _, payload, *_ in wire))
    used = {}
    for topic, payload, qos, retained, expiry in wire:
        assert wrong(topic, payload) is None
        channel = used[channel_of(topic).name] = channel_of(topic)
        assert (qos, retained) == (channel.qos, channel.retained), topic
        if channel.expiry_s is not None:
            assert expiry is not None and channel.expiry_s - 1 <= expiry <= channel.expiry_s
        elif channel.name != "stats":  # two of its own intervals
            assert expiry is None
    assert set(used) == {channel.name for channel in CHANNELS if channel.sent}


@pytest.mark.parametrize(
    ("topic", "payload", "words"),
    [
        ("cam/hall/occupancy", b'{"state":"ON","count":1,"more":2}', "more"),
        ("cam/hall/occupancy", b'{"state":"MAYBE","count":1}', "MAYBE"),
        ("cam/hall/fall", b"{}", "state"),
        ("cam/hall/status", b"asleep", "asleep"),
        ("cam/hall/nothing", b"{}", "no channel"),
        ("cam/hall/alert", b"", "empty"),
        ("stats", b'{"fps":"fast"}', "fast"),
    ],
)
def test_a_message_of_another_form_is_noticed(topic, payload, words):
    assert words in (wrong(f"{BASE}/{topic}", payload) or "")


def test_every_reference_of_the_document_leads_somewhere():
    whole = document()

    def check(node: Any) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key == "$ref":
                found = whole
                for word in value.removeprefix("#/").split("/"):
                    found = found[word]
            elif isinstance(value, (dict, list)):
                check(value)

    check(whole)
    assert whole["asyncapi"] == "3.0.0" and len(whole["operations"]) == len(whole["channels"]) == len(CHANNELS)


def test_it_is_printed(capsys):
    assert main(["schema", "--asyncapi"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(document()))
    assert main(["schema", "alert", "--asyncapi"]) == 2


def test_every_payload_that_is_json_has_a_schema_of_its_own():
    named = {channel.message for channel in CHANNELS if not channel.words}
    assert named == set(schemas()) - {"frame"}


def test_alerts_carry_cloud_events_attributes(broker):
    taken: list[tuple[dict[str, Any], dict[str, str], str | None]] = []
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_message = lambda c, u, m: taken.append(
        (json.loads(m.payload), dict(m.properties.UserProperty), getattr(m.properties, "ContentType", None))
    )
    client.on_subscribe = lambda *args: ready.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe(f"{BASE}/cam/+/alert", 1)
    assert ready.wait(20)
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    publisher.open({})
    for stage in ("suspected", "confirmed"):
        publisher.publish(result(person(), events=(fall(stage),)))
    assert wait_for(lambda: len(taken) == 2)
    publisher.close()
    client.disconnect()
    client.loop_stop()
    for alert, attributes, content in taken:
        assert attributes == {
            "specversion": "1.0",
            "id": f"{alert['id']}/{alert['seq']}",
            "source": f"/{BASE}/cam/hall",
            "type": f"edgepose.{alert['event_type']}",
            "time": alert["captured"],
        }
        assert content == "application/json"
