"""The broker's rules of the MQTT guide, in a real broker: each may what its line says, and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from publish_scene import fall, person, result, wait_for
from subscriber import Subscriber

from edgepose.clock import uuid7
from edgepose.pipeline.pauses import Pauses
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions

GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/mqtt.md"


def say(port: int, user: str, topic: str, payload: str) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set(user)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(f"edgepose/v1/jetson/{topic}", payload, 1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def test_the_rules_of_the_guide_let_each_do_its_own_and_no_more(make_broker, tmp_path):
    (rules,) = re.findall(r"```\n(# the device itself.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "rules").write_text(rules)
    (tmp_path / "rules").chmod(0o644)
    broker = make_broker(f"allow_anonymous true\nacl_file {tmp_path / 'rules'}").start()
    device = MqttPublisher(
        MqttOptions(url=broker.url.replace("mqtt://", "mqtt://jetson@"), device="jetson", pause_min=5)
    )
    pauses = Pauses(["hall"])
    device.use_pauses(pauses)
    with (
        Subscriber(broker.port, user="homeassistant") as home,
        Subscriber(broker.port, user="pager") as pager,
        Subscriber(broker.port, user="display") as display,
    ):
        device.open({"cameras": [{"name": "hall", "live": True}]})
        device.publish(result(person(), events=(fall("confirmed", born := uuid7()),)))
        assert wait_for(lambda: home.json("/alert") and pager.json("/alert") and display.json("/fall"))
        assert home.raw("edgepose_jetson/hall/config") and home.json("/skeleton")
        assert {topic.split("/")[-1] for topic, *_ in pager.messages} == {"alert"}
        assert wait_for(lambda: {topic.split("/")[-1] for topic, *_ in display.messages} == {"fall", "status"})
        for nobody in ("display", "attic"):
            say(broker.port, nobody, "ack", json.dumps({"alert_id": born, "action": "helped"}))
        for nobody in ("display", "pager"):
            say(broker.port, nobody, "cam/hall/pause/set", '{"state":"ON"}')
        say(broker.port, "pager", "ack", json.dumps({"alert_id": born, "action": "helped", "by": "pager"}))
        assert wait_for(lambda: home.json("/fall")[-1]["state"] == "OFF")
        assert home.json("/alert")[-1]["evidence"]["by"] == "pager" and len(home.json("/ack")) == 1
        assert pauses.until("hall") is None
        say(broker.port, "homeassistant", "cam/hall/pause/set", '{"state":"ON"}')
        assert wait_for(lambda: pauses.until("hall") is not None)
        assert home.json("/health") == [] or home.json("/health")[-1]["level"] == "ok"
    device.close()
