"""`edgepose mqtt watch` and `edgepose schema`: what a person reads of a device."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from fake_broker import FakeBroker
from publish_scene import fall, free_port, person, result, wait_for

from edgepose.cli import main
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.mqtt.watch import Watch
from edgepose.publish.options import MqttOptions


@pytest.fixture
def device(broker):
    """A device that has sent one of everything; its retained messages are on the broker."""
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    publisher.open({"model": {"name": "net", "backend": "openvino"}, "cameras": [{"name": "hall"}]})
    assert wait_for(lambda: publisher.connected)
    yield publisher
    publisher.close()


def test_every_kind_of_message_becomes_a_line(broker, device, monkeypatch):
    monkeypatch.setattr(
        "edgepose.publish.mqtt.alert_lane.RETRY_S", 0.2
    )  # a watch that a busy machine holds up hears it later
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
    words = ("camera_stalled", "fall_confirmed", "fps 25.0", "ON, 1 people", "hall/skeleton", "(kept) online")
    assert wait_for(lambda: all(any(word in line for line in lines) for word in words))
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 130
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


def test_only_the_kinds_asked_for_are_shown(broker, device, capsys, monkeypatch):
    everything = Watch.messages

    def until_both_came(watch, seconds):
        kinds = set()
        for message in everything(watch, 30):
            kinds.add(message.kind)
            yield message
            if kinds >= {"status", "info"}:
                return

    monkeypatch.setattr(Watch, "messages", until_both_came)
    assert main(["mqtt", "watch", "--url", broker.url, "--only", "status", "--json"]) == 0
    topics = {json.loads(line)["topic"].rsplit("/", 1)[1] for line in capsys.readouterr().out.splitlines()}
    assert topics == {"status"}


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


def test_an_old_broker_is_watched_in_3_1_1(capsys):
    broker = FakeBroker(connack=lambda level: 0 if level == 4 else None)
    assert main(["mqtt", "watch", "--url", broker.url, "--seconds", "1"]) == 0
    assert broker.levels == [5, 4] and broker.client_ids[0].startswith("edgepose-watch-")
    assert main(["alert", "test", "--mqtt", broker.url]) == 0
    broker.close()


def test_a_broker_that_hangs_up_is_one_sentence(capsys):
    broker = FakeBroker(connack=lambda level: None)
    for words in (["mqtt", "watch", "--url", broker.url], ["alert", "test", "--mqtt", broker.url]):
        assert main(words) == 1
        assert capsys.readouterr().err.count("does it want TLS") == 1
    broker.close()


def test_a_broker_of_ones_own_authority_is_watched(make_broker, tmp_path, capsys):
    certificate, key = tmp_path / "broker.pem", tmp_path / "broker.key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*made, "-subj", "/CN=b", "-addext", "subjectAltName=IP:127.0.0.1"], check=True)
    except FileNotFoundError:
        pytest.skip("needs openssl, which is not installed (apt-get install openssl)")
    broker = make_broker(f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}").start()
    url = f"mqtts://127.0.0.1:{broker.port}"
    assert main(["mqtt", "watch", "--url", url, "--ca-file", str(certificate), "--seconds", "1"]) == 0
    config = tmp_path / "edgepose.toml"
    config.write_text(f'[mqtt]\nurl = "{url}"\nca_file = "{certificate}"\n')
    assert main(["mqtt", "watch", "--config", str(config), "--seconds", "1"]) == 0
    assert main(["mqtt", "watch", "--url", url, "--seconds", "5"]) == 1
    assert "certificate" in capsys.readouterr().err


def test_a_watch_comes_back_with_its_broker(broker, capsys):
    lines: list[str] = []
    watch = Watch(MqttOptions(url=broker.url))
    reading = threading.Thread(target=lambda: lines.extend(message.topic for message in watch.messages()))
    reading.start()
    assert wait_for(lambda: watch._session.connected)
    broker.stop()
    assert wait_for(lambda: not watch._session.connected)
    broker.start()
    assert wait_for(lambda: watch._session.connected)
    time.sleep(0.2)
    subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-t", "edgepose/v1/x/status", "-m", "online"], check=True)
    assert wait_for(lambda: lines == ["edgepose/v1/x/status"])
    watch.close()
    reading.join(20)
    assert not reading.is_alive()


def test_schemas_are_printed_and_an_unknown_one_is_told(capsys):
    assert main(["schema", "alert"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "edgepose.alert/1"
    assert main(["schema", "dog"]) == 1
    assert "there are skeleton" in capsys.readouterr().err
