"""A drill reaches subscribers marked as one, and leaves the service's own topics alone."""

from __future__ import annotations

import json

from publish_scene import Mosquitto, wait_for
from subscriber import Subscriber

from edgepose.cli import main


def test_a_drill_arrives_marked_and_ends_itself(broker: Mosquitto, capsys):
    with Subscriber(broker.port) as subscriber:
        assert main(["alert", "test", "--mqtt", broker.url, "--camera", "hall", "--json"]) == 0
        assert wait_for(lambda: len(subscriber.json("/cam/hall/alert")) == 2)
        begun, ended = subscriber.json("/cam/hall/alert")
        assert (begun["type"], ended["type"], begun["drill"], ended["drill"]) == ("new", "end", True, True)
        assert {topic.rsplit("/", 1)[-1] for topic, _, _ in subscriber.messages} == {"alert"}
    assert json.loads(capsys.readouterr().out)["somebody_subscribes"]


def test_a_drill_that_nobody_hears_says_so(broker: Mosquitto, capsys):
    assert main(["alert", "test", "--mqtt", broker.url, "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["somebody_subscribes"]


def test_a_refused_drill_is_one_sentence(make_broker, tmp_path, capsys):
    acl = tmp_path / "acl"
    acl.write_text("topic read #\n")
    acl.chmod(0o600)
    broker = make_broker(f"allow_anonymous true\nacl_file {acl}").start()
    assert main(["alert", "test", "--mqtt", broker.url]) == 1
    assert "refuses alerts" in capsys.readouterr().err


def test_no_broker_is_one_sentence(capsys):
    assert main(["alert", "test"]) == 1
    assert "needs a broker" in capsys.readouterr().err
