"""`edgepose mqtt watch` and `edgepose schema`: what a person reads of a device."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest
from publish_scene import fall, free_port, person, result, wait_for

from edgepose.cli import main
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions


@pytest.fixture
def device(broker):
    """A device that has sent one of everything; its retained messages are on the broker."""
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    publisher.open({"model": {"name": "net", "backend": "openvino"}, "cameras": [{"name": "hall"}]})
    assert wait_for(lambda: publisher.connected)
    yield publisher
    publisher.close()


def test_every_kind_of_message_becomes_a_line(broker, device):
    watching = subprocess.Popen(
        [sys.executable, "-m", "edgepose", "mqtt", "watch", "--url", broker.url], stdout=subprocess.PIPE, text=True
    )
    lines: list[str] = []
    reading = threading.Thread(target=lambda: lines.extend(iter(watching.stdout.readline, "")))
    reading.start()
    assert wait_for(lambda: any("model net on openvino" in line for line in lines), 30)
    device.publish(result(person(4), events=(fall("confirmed", drop_speed=1.5),)))
    device.stats({"fps": 25.0})
    device.camera_state("hall", "stalled")
    assert wait_for(lambda: any("camera_stalled" in line for line in lines))
    watching.send_signal(signal.SIGINT)
    assert watching.wait(5) == 130
    reading.join()
    text = "".join(lines)
    assert "jetson hall/skeleton" in text and "1 people: #4 at 100,215" in text
    assert "CRITICAL fall_confirmed (new) of person 1" in text and "drop_speed 1.5" in text
    assert "fps 25.0" in text and "ON, 1 people" in text and "(kept) online" in text


def test_json_is_one_document_per_message(broker, device, capsys):
    assert wait_for(lambda: not device._link._busy())
    assert main(["mqtt", "watch", "--url", broker.url, "--seconds", "1", "--json"]) == 0
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"topic": "edgepose/v1/jetson/status", "retained": True, "payload": "online"} in documents


def test_a_foreign_or_hostile_payload_is_shown_harmlessly(broker, capsys):
    for topic, payload in (("x/cam/y/skeleton", "[1]"), ("x/status", "a\x1b[2J")):
        subprocess.run(
            ["mosquitto_pub", "-p", str(broker.port), "-r", "-t", f"edgepose/v1/{topic}", "-m", payload], check=True
        )
    assert main(["mqtt", "watch", "--url", broker.url, "--seconds", "1"]) == 0
    shown = capsys.readouterr().out
    assert "[1]" in shown and "a?[2J" in shown and "\x1b" not in shown


def test_a_broker_that_is_not_there_is_one_sentence(capsys):
    assert main(["mqtt", "watch", "--url", f"mqtt://anna:s3cret@127.0.0.1:{free_port()}"]) == 1
    told = capsys.readouterr().err
    assert "cannot be reached" in told and "s3cret" not in told


def test_a_broker_that_refuses_is_one_sentence(make_broker, tmp_path, capsys):
    (tmp_path / "users").write_text("")
    broker = make_broker(f"allow_anonymous false\npassword_file {tmp_path / 'users'}").start()
    assert main(["mqtt", "watch", "--url", broker.url]) == 1
    assert "refuses" in capsys.readouterr().err


def test_schemas_are_printed_and_an_unknown_one_is_told(capsys):
    assert main(["schema", "alert"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "edgepose.alert/1"
    assert main(["schema", "dog"]) == 1
    assert "there are skeleton" in capsys.readouterr().err
