"""What Home Assistant shows: after restarts of broker, device and itself, after a clean stop, of silent devices."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

import pytest
from home_assistant import UNAVAILABLE, Home
from publish_scene import fall, person, result, wait_for

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.publish.mqtt import home as greeting
from edgepose.publish.mqtt.discovery import messages
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions
from edgepose.types import Event

CARD = {"cameras": [{"name": "hall", "live": True}, {"name": "clip.avi", "live": False}]}
FALL, OPEN, OCCUPANCY, LINK, ALERT, HELPED = (
    f"edgepose.jetson.cam.hall.{key}" for key in ("fall", "open_fall", "occupancy", "link", "alert", "helped")
)
RUNNING = "edgepose.jetson.running"


def device(broker, desk: AlertDesk | None = None, card=CARD, **options) -> MqttPublisher:
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson", **options))
    if desk is not None:
        one.use_desk(desk)
    one.open(card)
    one.camera_state("hall", "online")
    one.publish(result(person()))
    one.stats({"fps": 12.5, "temperatures_c": {"cpu": 41.0, "gpu": 52.5}})
    return one


@pytest.fixture
def publisher(broker):
    one = device(broker)
    yield one
    one.close()


@pytest.fixture
def home(broker, publisher):
    with Home(broker.port) as one:
        assert wait_for(lambda: one.states(FALL, OCCUPANCY, LINK) == ["off", "on", "on"])
        yield one


# What may stand in a component, by platform: Home Assistant takes others away without a word.
COMMON = {
    *("platform", "name", "unique_id", "default_entity_id", "availability", "availability_mode", "qos", "icon"),
    *("entity_category", "json_attributes_topic", "json_attributes_template"),
}
OWN = {
    "binary_sensor": {"state_topic", "value_template", "device_class", "expire_after"},
    "sensor": {
        *("state_topic", "value_template", "device_class", "expire_after", "options", "state_class"),
        "unit_of_measurement",
    },
    "event": {"state_topic", "value_template", "event_types"},
    "button": {"command_topic", "command_template", "retain"},
    "switch": {
        *("command_topic", "state_topic", "value_template", "retain"),
        *("payload_on", "payload_off", "state_on", "state_off"),
    },
}
CLASSES = {
    "binary_sensor": {"safety", "occupancy", "connectivity", "problem"},
    "sensor": {"enum", "temperature", "timestamp"},
}


@pytest.mark.parametrize("names", [["hall"], ["hall", "a/b", "a+b", "Küche 1", "\x00"], ["x" * 200]])
def test_every_message_is_of_the_form_that_home_assistant_takes(names):
    found = messages(Topics("hall-jetson"), "homeassistant", names, ("seen", "helped", "false_alarm"), True)
    unique = set()
    assert len(found) == len(names) + 1
    for topic, message in found.items():
        assert re.fullmatch(r"homeassistant/device/([\w-]+/)?[\w-]+/config", topic, re.ASCII)
        assert message.keys() == {"device", "origin", "components"} and message["origin"]["name"] == "EdgePose"
        assert message["device"]["identifiers"]
        if "via_device" in message["device"]:
            assert message["device"]["via_device"] == "edgepose.hall-jetson"
        for component in message["components"].values():
            platform = component["platform"]
            assert component.keys() <= COMMON | OWN[platform]
            assert component.get("device_class") in {None} | CLASSES.get(platform, set())
            assert component["availability"] and component["availability_mode"] == "all"
            assert re.fullmatch(rf"{platform}\.[a-z0-9_]+", component["default_entity_id"])
            assert (component.get("device_class") == "enum") == ("options" in component)
            unique.add(component["unique_id"])
    assert len(unique) == sum(len(message["components"]) for message in found.values())


def test_live_cameras_are_devices_behind_the_board_and_recordings_are_not(home):
    topics = {f"homeassistant/device/edgepose_jetson{which}/config" for which in ("", "/hall")}
    assert wait_for(lambda: {*home.about} == topics)
    hall = home.about["homeassistant/device/edgepose_jetson/hall/config"]
    assert hall["name"] == "hall" and hall["via_device"] == "edgepose.jetson"


def test_the_board_shows_its_numbers(home, publisher):
    publisher.stats({"fps": 12.5, "temperatures_c": {"cpu": 41.0, "gpu": 52.5}})
    assert wait_for(lambda: home.states(RUNNING, "edgepose.jetson.fps") == ["on", "12.5"])
    assert wait_for(
        lambda: home["edgepose.jetson.temperature"].state == "52.5" and home["edgepose.jetson.waiting"].state == "0"
    )
    assert wait_for(lambda: home["edgepose.jetson.problem"].state == "off")
    publisher.camera_state("hall", "offline")
    assert wait_for(lambda: home["edgepose.jetson.problem"].state == "on")
    assert wait_for(lambda: home["edgepose.jetson.problem"].attributes["reasons"][0]["code"] == "camera_offline")


def test_a_fall_is_shown_and_a_button_ends_it(home, publisher):
    assert home[HELPED].state == UNAVAILABLE  # nothing to answer
    publisher.publish(result(person(), events=(fall("confirmed", born := uuid7()),)))
    assert wait_for(lambda: home.states(FALL, OPEN) == ["on", "confirmed"])
    assert wait_for(lambda: home[FALL].attributes["alert_id"] == born)
    assert wait_for(lambda: [one["event_type"] for one in home[ALERT].fired] == ["fall_confirmed"])
    assert wait_for(lambda: home[ALERT].fired[0]["alert_id"] == born and "pose" not in home[ALERT].fired[0])
    home[HELPED].press()
    assert wait_for(lambda: home.states(FALL, OPEN) == ["off", UNAVAILABLE])
    assert wait_for(lambda: home[ALERT].fired[-1]["event_type"] == "cleared")


@pytest.mark.parametrize(
    ("answers", "buttons"), [("none", []), ("seen", ["seen"]), ("close", ["seen", "helped", "false_alarm"])]
)
def test_only_answers_that_are_let_in_have_a_button(broker, answers, buttons):
    from edgepose.alerts.store import MemoryAlertStore

    one = device(broker, AlertDesk("jetson", MemoryAlertStore(), options=AlertOptions(answers=answers)))
    with Home(broker.port) as home:
        assert wait_for(lambda: home.states(FALL))
        hall = home.devices["homeassistant/device/edgepose_jetson/hall/config"]
        assert [key for key, entity in hall.items() if entity.config["platform"] == "button"] == buttons
    one.close()


def test_a_drill_is_shown_while_it_lasts_and_when_one_arrived(home, publisher, monkeypatch):
    publisher.publish(result(events=(fall("confirmed", born := uuid7(), drill=True),)))
    assert wait_for(lambda: home.states("edgepose.jetson.drill", FALL) == ["on", "off"])
    assert wait_for(lambda: home[ALERT].fired)
    assert wait_for(lambda: home["edgepose.jetson.drill"].attributes["alert_id"] == born)
    publisher.publish(result(events=(fall("cleared", born, drill=True),)))
    assert wait_for(lambda: home["edgepose.jetson.drill"].state == "off")
    wait_for(lambda: not publisher._link._busy())
    monkeypatch.setattr(publisher, "_beat_s", time.monotonic() - 30)
    publisher.stats({})
    assert wait_for(lambda: home["edgepose.jetson.last_drill"].state.endswith("Z"))


def test_a_drill_and_an_alert_of_ones_own_rule_reach_the_event_entity(home, publisher):
    publisher.publish(result(events=(fall("confirmed", 7, drill=True), fall("slid_down", 8))))
    assert wait_for(lambda: len(home[ALERT].fired) == 2)
    assert [(one["event_type"], one["said"]) for one in home[ALERT].fired] == [
        ("drill", "fall_confirmed"),
        ("other", "slid_down"),
    ]


@pytest.mark.parametrize("state", ["stalled", "reconnecting", "offline"])
def test_a_camera_that_does_not_watch_shows_no_calm_state(home, publisher, state):
    publisher.camera_state("hall", state)
    assert wait_for(lambda: home.states(FALL, OCCUPANCY, LINK) == [UNAVAILABLE, UNAVAILABLE, "off"])
    assert wait_for(lambda: home["edgepose.jetson.cam.hall.state"].state == state)


def test_an_open_fall_stays_in_sight_when_the_camera_and_then_the_device_is_lost(home, publisher):
    publisher.publish(result(events=(fall("long_lie", 1),)))
    assert wait_for(lambda: home.states(FALL, OPEN) == ["on", "long_lie"])
    publisher.camera_state("hall", "offline")
    assert wait_for(lambda: home.states(FALL, OPEN) == [UNAVAILABLE, "long_lie"])
    publisher.close()
    assert wait_for(lambda: home[RUNNING].state == UNAVAILABLE)
    assert wait_for(lambda: home[OPEN].state == "long_lie")


def test_after_a_clean_stop_nothing_is_calm(home, publisher):
    publisher.close()
    assert wait_for(lambda: home.states(FALL, OCCUPANCY, LINK, RUNNING) == [UNAVAILABLE] * 4)


def test_home_assistant_started_after_a_clean_stop_shows_nothing_calm(broker, publisher):
    assert wait_for(lambda: publisher.connected and not publisher._link._busy())
    publisher.close()
    with Home(broker.port) as late:
        assert wait_for(lambda: late.states(FALL, OCCUPANCY, LINK, RUNNING) == [UNAVAILABLE] * 4)
        time.sleep(0.3)  # all that is kept has come
        assert late.states(FALL, OCCUPANCY, LINK, RUNNING) == [UNAVAILABLE] * 4


KILLED = """
import sys, time
sys.path[:0] = ["tests", "tests/publish"]
from types import SimpleNamespace
from test_home_assistant import device
one = device(SimpleNamespace(url=sys.argv[1]))
time.sleep(60)
"""


def test_a_killed_device_is_unavailable_and_back_when_it_runs_again(broker):
    killed = subprocess.Popen([sys.executable, "-c", KILLED, broker.url])
    with Home(broker.port) as home:
        assert wait_for(lambda: home.states(FALL, OCCUPANCY) == ["off", "on"], 20)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert wait_for(lambda: home.states(FALL, OCCUPANCY, LINK, RUNNING) == [UNAVAILABLE] * 4)
        again = device(broker)
        assert wait_for(lambda: home.states(FALL, OCCUPANCY, LINK, RUNNING) == ["off", "on", "on", "on"])
        again.close()


def test_a_device_that_died_with_its_broker_is_unavailable_after_ninety_seconds(home):
    home.later_s = 80
    assert home.states(FALL, OCCUPANCY) == ["off", "on"]
    home.later_s = 95
    assert home.states(FALL, OCCUPANCY, LINK, RUNNING) == [UNAVAILABLE] * 4


def test_the_heartbeat_keeps_it_available(home, publisher, monkeypatch):
    home.later_s = 80
    monkeypatch.setattr(publisher, "_beat_s", time.monotonic() - 30)
    publisher.stats({"fps": 12.5})
    assert wait_for(lambda: home[RUNNING].state == "on" and not publisher._link._busy())
    time.sleep(0.2)
    home.later_s = 160
    assert home.states(FALL, OCCUPANCY, LINK, RUNNING) == ["off", "on", "on", "on"]


def test_after_the_broker_restarted_and_forgot_everything_all_is_back(broker, home, publisher):
    broker.stop()
    assert wait_for(lambda: home[FALL].state == UNAVAILABLE)
    broker.start()
    n = home.n_announcements
    assert wait_for(lambda: home.n_announcements >= n + 2, 20)
    assert wait_for(lambda: home.states(FALL, OCCUPANCY, LINK) == ["off", "on", "on"])
    with Home(broker.port) as fresh:
        assert wait_for(lambda: fresh.states(FALL, OCCUPANCY, LINK) == ["off", "on", "on"])


def test_home_assistant_that_starts_is_told_again(home, monkeypatch):
    monkeypatch.setattr(greeting, "DELAY_S", (0.0, 0.1))
    monkeypatch.setattr(greeting, "STATES_S", 0.1)
    n = home.n_announcements
    heard_s = home[FALL]._heard_s
    home.say_born()
    assert wait_for(lambda: home.n_announcements == n + 2)
    assert wait_for(lambda: home[FALL]._heard_s > heard_s)  # the states too, for brokers that keep nothing


def test_a_fall_that_was_open_when_the_device_stopped_is_open_when_it_is_back(broker, tmp_path):
    spool = tmp_path / "alerts.db"
    desk = AlertDesk("jetson", Spool(spool))
    one = device(broker, desk)
    with Home(broker.port) as home:
        one.alert(desk.take("hall", fall("confirmed", uuid7())))
        assert wait_for(lambda: home.states(FALL, OPEN) == ["on", "confirmed"])
        one.alert(*desk.interrupt("EdgePose has stopped"))
        one.close()
        desk.store.close()
        assert wait_for(lambda: home.states(FALL, OPEN) == [UNAVAILABLE, "unknown"])
        desk = AlertDesk("jetson", Spool(spool))
        one = device(broker, desk)
        assert wait_for(lambda: home.states(FALL, OPEN) == ["on", "unknown"])
        home[HELPED].press()
        assert wait_for(lambda: home.states(FALL, OPEN) == ["off", UNAVAILABLE])
        one.close()
        desk.store.close()


def test_a_camera_that_is_gone_is_taken_out_of_home_assistant(broker, home, publisher):
    publisher.close()
    again = device(broker, card={"cameras": [{"name": "kitchen", "live": True}]})
    assert wait_for(lambda: "homeassistant/device/edgepose_jetson/hall/config" not in home.devices)
    assert wait_for(lambda: "homeassistant/device/edgepose_jetson/kitchen/config" in home.devices)
    again.close()


@pytest.mark.parametrize(
    ("prefix", "card"), [("", CARD), ("homeassistant", {"cameras": [{"name": "clip.avi", "live": False}]})]
)
def test_nothing_is_announced_where_it_is_off_or_only_a_recording_runs(broker, prefix, card):
    one = device(broker, card=card, discovery=prefix)
    assert wait_for(lambda: one.connected and not one._link._busy())
    with Home(broker.port) as home:
        time.sleep(0.3)
        assert home.devices == {}
    one.close()


def test_a_broker_that_refuses_the_announcements_is_no_ill_health(make_broker, tmp_path, caplog):
    caplog.set_level("INFO")
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite edgepose/#\n")
    rules.chmod(0o644)
    broker = make_broker(f"allow_anonymous true\nacl_file {rules}").start()
    one = device(broker)
    assert wait_for(lambda: "ends these announcements" in caplog.text)
    assert wait_for(lambda: one.connected and not one._link._busy())
    assert one.health.message().level == "ok"
    one.close()


def test_another_prefix(broker):
    one = device(broker, discovery="ha/")
    with Home(broker.port, "ha") as home:
        assert wait_for(lambda: home.states(FALL) == ["off"])
    one.close()


def test_a_call_for_help_is_an_event_and_no_fall(home, publisher):
    publisher.publish(result(person(4), events=(Event("gesture", "help", time.monotonic(), 4),)))
    assert wait_for(lambda: [one["event_type"] for one in home[ALERT].fired] == ["help"])
    assert wait_for(lambda: home[FALL].state == "off")
