"""The drill of a running service: a real process, a real broker, through its own desk, spool and link."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from publish_scene import Mosquitto, wait_for
from subscriber import Subscriber
from test_whole_program import an_empty_scene

from edgepose.cli import main


@pytest.fixture
def service(tmp_path: Path, broker: Mosquitto, monkeypatch):
    config = tmp_path / "edgepose.toml"
    config.write_text(
        f'[model]\npath = "{an_empty_scene(tmp_path)}"\nbackend.name = "replay"\n[[sources]]\nuri = "synthetic://?live=true&frames=0"\n'
        f'[mqtt]\nurl = "{broker.url}"\ndevice = "jetson"\n'
    )
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    program = [sys.executable, "-m", "edgepose", "run", "--config", str(config)]
    process = subprocess.Popen(program, env=dict(os.environ), stdout=subprocess.DEVNULL)
    assert wait_for((tmp_path / "control.sock").exists, 30)
    yield process
    process.terminate()
    assert process.wait(10) == 0
    assert not (tmp_path / "control.sock").exists()


def drill(capsys, *words: str) -> tuple[int, dict]:
    code = main(["alert", "test", "--camera", "hall", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_a_drill_arrives_with_one_id_latches_its_own_topic_and_is_remembered(service, broker, capsys):
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.raw("jetson/status") == [b"online"], 30)
        code, report = drill(capsys)
        assert code == 0 and report["handed_over"] and report["seconds"]["handed_over"] < 5
        assert wait_for(lambda: len(subscriber.json("/cam/hall/alert")) == 2)
        begun, ended = subscriber.json("/cam/hall/alert")
        assert begun["id"] == ended["id"] == report["id"] and begun["drill"] and ended["drill"]
        assert wait_for(lambda: subscriber.json("jetson/drill")[-1]["last_drill_ok"] == report["last_drill_ok"])
        assert wait_for(lambda: [one["state"] for one in subscriber.json("jetson/drill")] == ["OFF", "ON", "OFF"])
        assert wait_for(lambda: subscriber.json("jetson/health")[-1]["last_drill_ok"] == report["last_drill_ok"])
        assert subscriber.raw("/hall/fall") == []
        assert main(["alert", "show", report["id"], "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["drill"] and shown["service_runs"] and "handed_over" in shown["seconds"]


def test_a_drill_is_answered_by_a_person_over_mqtt(service, broker, capsys):
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    person = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)

    def answer(client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        alert = json.loads(message.payload)
        if alert["type"] == "new":
            said = {"alert_id": alert["id"], "action": "helped", "by": "anna"}
            client.publish("edgepose/v1/jetson/ack", json.dumps(said), 1)

    person.on_message = answer
    person.connect("127.0.0.1", broker.port)
    person.subscribe("edgepose/v1/jetson/cam/+/alert", 1)
    person.loop_start()
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.raw("jetson/status") == [b"online"], 30)
        code, report = drill(capsys, "--answer-s", "10")
    person.disconnect()
    person.loop_stop()
    assert code == 0 and (report["answered"], report["answered_by"]) == (True, "anna")
