"""A device that its broker keeps as online and that says nothing is called silent, once, and only then."""

from __future__ import annotations

import subprocess

from edgepose.cli import main
from edgepose.publish.mqtt import watch
from edgepose.publish.mqtt.silence import SILENT_S, Silence


def heard(*messages: tuple[str, object, bool, float]) -> Silence:
    silence = Silence()
    for kind, payload, retained, at_s in messages:
        silence.hear("hall", kind, payload, retained, at_s)
    return silence


def test_a_device_is_silent_after_ninety_seconds_and_is_named_once():
    silence = heard(("status", "online", False, 0.0), ("stats", {}, False, 30.0))
    assert silence.fallen(30.0 + SILENT_S - 0.1) == []
    assert silence.fallen(30.0 + SILENT_S) == ["hall"]
    assert silence.fallen(1000.0) == []


def test_one_that_comes_back_and_goes_again_is_named_again():
    silence = heard(("status", "online", False, 0.0))
    assert silence.fallen(100.0) == ["hall"]
    silence.hear("hall", "stats", {}, False, 110.0)
    assert silence.fallen(150.0) == []
    assert silence.fallen(200.0) == ["hall"]


def test_what_the_broker_kept_proves_nothing():
    silence = heard(("status", "online", True, 0.0), ("health", {}, True, 60.0))
    assert silence.fallen(SILENT_S) == ["hall"]


def test_a_device_that_took_its_leave_or_was_never_online_is_not_silent():
    assert heard(("status", "online", False, 0.0), ("status", "stopped", False, 1.0)).fallen(500.0) == []
    assert heard(("stats", {}, False, 0.0)).fallen(500.0) == []


def test_watch_says_so_on_a_line(broker, capsys, monkeypatch):
    monkeypatch.setattr("edgepose.publish.mqtt.silence.SILENT_S", 0.5)
    monkeypatch.setattr(watch, "_LOOK_S", 0.1)
    topic = "edgepose/v1/attic/status"
    subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-r", "-t", topic, "-m", "online"], check=True)
    assert main(["mqtt", "watch", "--url", broker.url, "--seconds", "1.5"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("attic/silent")]
    assert len(said) == 1 and "nothing heard" in said[0]
