"""`edgepose mqtt forget`: nothing of a device that is taken away stays on the broker or in Home Assistant."""

from __future__ import annotations

import json
import subprocess
import time

from home_assistant import Home
from publish_scene import fall, free_port, person, result, wait_for
from subscriber import Subscriber

from edgepose.cli import main
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions


def device(broker, name: str) -> MqttPublisher:
    one = MqttPublisher(MqttOptions(url=broker.url, device=name))
    one.open({"cameras": [{"name": "hall", "live": True}]})
    one.camera_state("hall", "online")
    one.publish(result(person(), events=(fall("confirmed"),)))
    assert wait_for(lambda: one.connected and not one._link._busy())
    return one


def kept(broker) -> set[str]:
    with Subscriber(broker.port) as late:
        time.sleep(0.5)
        return {topic for topic, _, retained in late.messages if retained}


def test_all_of_one_device_is_cleared_and_nothing_of_others(broker, capsys):
    with Home(broker.port) as home:
        for name in ("jetson", "jetson2"):
            device(broker, name).close()
        assert wait_for(lambda: len(home.devices) == 4)
        others = {topic for topic in kept(broker) if "jetson2" in topic}
        assert main(["mqtt", "forget", "--url", broker.url, "--device", "jetson", "--json"]) == 0
        cleared = json.loads(capsys.readouterr().out)["cleared"]
        assert "edgepose/v1/jetson/cam/hall/fall" in cleared
        assert "homeassistant/device/edgepose_jetson/hall/config" in cleared
        assert kept(broker) == others and others
        assert wait_for(lambda: len(home.devices) == 2)
    assert main(["mqtt", "forget", "--url", broker.url, "--device", "jetson", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cleared"] == []


def test_a_device_that_runs_is_left_alone(broker, capsys):
    one = device(broker, "jetson")
    before = kept(broker)
    assert main(["mqtt", "forget", "--url", broker.url, "--device", "jetson"]) == 1
    assert "is online; stop it first" in capsys.readouterr().err
    assert kept(broker) == before
    one.close()


def test_one_that_is_gone_without_a_word_can_be_forgotten(broker):
    topic = "edgepose/v1/attic/status"
    subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-r", "-t", topic, "-m", "online"], check=True)
    assert main(["mqtt", "forget", "--url", broker.url, "--device", "attic", "--running"]) == 0
    assert kept(broker) == set()


def test_a_broker_that_is_not_there_is_one_sentence(capsys):
    assert main(["mqtt", "forget", "--url", f"mqtt://anna:s3cret@127.0.0.1:{free_port()}"]) == 1
    told = capsys.readouterr().err
    assert "cannot be reached" in told and "s3cret" not in told and "Traceback" not in told


def test_a_broker_that_refuses_is_one_sentence(make_broker, tmp_path, capsys):
    rules = tmp_path / "rules"
    rules.write_text("topic read #\ntopic write edgepose/v1/+/status\n")
    rules.chmod(0o644)
    broker = make_broker(f"allow_anonymous true\nacl_file {rules}").start()
    topic = "edgepose/v1/attic/status"
    subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-r", "-t", topic, "-m", "stopped"], check=True)
    rules.write_text("topic read #\n")
    broker.process.send_signal(1)  # reads its rules anew
    probe = ["mosquitto_pub", "-V", "5", "-q", "1", "-p", str(broker.port), "-r", "-t", topic, "-m", "stopped"]
    assert wait_for(lambda: b"authorized" in subprocess.run(probe, capture_output=True).stderr)
    assert main(["mqtt", "forget", "--url", broker.url, "--device", "attic"]) == 1
    assert "does not let" in capsys.readouterr().err
