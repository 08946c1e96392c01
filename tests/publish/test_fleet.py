"""Devices at a glance, a processor that handles each alert once, and a dashboard that asks for what there is."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

from publish_scene import fall, person, result, wait_for

from edgepose.health import reason_now
from edgepose.publish.exposition import Figures
from edgepose.publish.mqtt.fleet import Fleet
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.mqtt.watch import Message
from edgepose.publish.options import MqttOptions

ROOT = Path(__file__).parents[2]
PROCESSOR = ROOT / "examples/fleet/processor.py"
TOPIC = "edgepose/v1/jetson"


def test_a_device_is_shown_when_something_about_it_changes():
    fleet = Fleet()

    def said(topic: str, payload: object) -> str | None:
        device = fleet.take(Message(f"{TOPIC}/{topic}", False, payload))
        return device and " ".join(device.line().split())

    reasons = [{"code": "camera_stalled", "hint": "", "camera": "hall", "since": ""}]
    assert said("status", "online") == "jetson online, health unknown, 0 of 0 cameras"
    assert said("cam/hall/status", "online") == "jetson online, health unknown, 1 of 1 cameras"
    assert said("stats", {"fps": 12.5}) is None
    assert said("health", {"level": "degraded", "reasons": reasons}) == (
        "jetson online, health degraded (camera_stalled), 1 of 1 cameras, 12.5 fps"
    )
    assert said("cam/hall/fall", {"state": "ON", "stage": "confirmed"}).endswith("; FALL confirmed at hall")
    assert said("cam/hall/fall", {"state": "ON", "stage": "confirmed"}) is None
    assert said("silent", None).startswith("jetson silent")
    assert said("stats", {"fps": 12.5}).startswith("jetson online")
    assert said("cam/hall/fall", {"state": "OFF", "stage": None}).endswith("12.5 fps")


def test_what_is_not_ours_changes_nothing():
    fleet = Fleet()
    for topic in ("health", "cam/hall/fall", "stats", "cam/hall/status", "x/y/z/status", "cam/hall/alert"):
        for payload in (None, 3, [], {}, {"level": 1}, "word" * 10):
            fleet.take(Message(f"{TOPIC}/{topic}", False, payload))
    assert "FALL" not in fleet.devices["jetson"].line()


def test_a_processor_that_restarts_gets_what_came_meanwhile(broker):
    command = [sys.executable, str(PROCESSOR), broker.url, "--group", "care"]
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    publisher.open({})
    assert wait_for(lambda: publisher.connected)
    for stage in ("fall_confirmed", "recovered"):
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert running.stderr.readline() == "listening\n"
        if stage == "fall_confirmed":
            publisher.publish(result(person(), events=(fall("confirmed"),)))
        assert any(line.split()[:3] == ["jetson", "hall", stage] for line in iter(running.stdout.readline, ""))
        running.terminate()
        running.wait(20)
        publisher.publish(result(person(), events=(fall("recovered"),)))
        assert wait_for(lambda: not publisher._link._busy())
    publisher.close()


def test_doubles_are_known_by_device_boot_and_number():
    spec = importlib.util.spec_from_file_location("processor", PROCESSOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    once = module.Once(n=2)
    alert = {"device": "jetson", "boot": "a", "seq": 1}
    assert once.is_new(alert) and not once.is_new(alert)
    assert once.is_new({**alert, "boot": "b"}) and once.is_new({**alert, "device": "other"})
    assert once.is_new(alert)  # forgotten: the newest two are kept


def test_the_dashboard_asks_only_for_what_is_answered():
    figures = Figures()
    figures.card = {"model": {}, "versions": {}}
    figures.states = {"hall": "online"}
    figures.troubles = (reason_now("camera_stalled", "it stands still"),)
    figures.add(
        {
            "frames": 1,
            "fps": 1.0,
            "latency_ms": {"total": {"p50": 1.0, "p99": 2.0}},
            "events": {"fall.confirmed": 1},
            "watched": {"hall": {"day": "", "watched_s": 1, "unwatched_s": {"offline": 1}}},
            "spool_depth": 0,
            "temperatures_c": {"cpu": 50.0},
            "ram_used_mb": 1,
            "ram_total_mb": 2,
        },
        1.0,
    )
    answered = set(re.findall(r"^(edgepose_\w+)", figures.text(), re.MULTILINE))
    dashboard = json.loads((ROOT / "examples/prometheus/dashboard.json").read_text())
    asked = {name for panel in dashboard["panels"] for one in panel["targets"] for name in metrics(one["expr"])}
    assert asked and asked <= answered


def metrics(expression: str) -> list[str]:
    return re.findall(r"edgepose_\w+", expression)
