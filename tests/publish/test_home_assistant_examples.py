"""The YAML in examples/ does in Home Assistant what it says: sensors without discovery, and blueprints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import yaml
from home_assistant import UNAVAILABLE, Home
from jinja2 import StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from publish_scene import fall, person, result, wait_for

from edgepose.alerts.acknowledgement import Acknowledgement, read_acknowledgement
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.store import MemoryAlertStore
from edgepose.clock import uuid7
from edgepose.encoding import encode
from edgepose.publish.mqtt import presence
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BLUEPRINTS = sorted((EXAMPLES / "blueprints").glob("*.yaml"))


class Input(str):
    """`!input NAME`."""


class Loader(yaml.SafeLoader):
    """Reads blueprints, as Home Assistant does."""


Loader.add_constructor("!input", lambda loader, node: Input(loader.construct_scalar(node)))


def load(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(), Loader)


def parts(node: Any) -> Iterator[Any]:
    """Every text of a document, keys apart."""
    if isinstance(node, dict):
        for value in node.values():
            yield from parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value)
    else:
        yield node


def environment(undefined: type[Undefined] = StrictUndefined) -> ImmutableSandboxedEnvironment:
    sandbox = ImmutableSandboxedEnvironment(undefined=undefined)
    sandbox.filters["to_json"] = json.dumps
    return sandbox


def holds(conditions: list[str], **values: Any) -> bool:
    return all(environment().from_string(one).render(values) == "True" for one in conditions)


@pytest.fixture
def sensors(broker) -> Iterator[tuple[MqttPublisher, Home]]:
    """The device of examples/home-assistant.yaml, and a Home Assistant that was set up with that file."""
    sections = load(EXAMPLES / "home-assistant.yaml")["mqtt"]
    written = {one["unique_id"]: {**one, "platform": platform} for platform, many in sections.items() for one in many}
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="hall-jetson", discovery=""))
    publisher.open({"cameras": [{"name": "hall", "live": True}]})
    with Home(broker.port) as home:
        home._discover("configuration.yaml", json.dumps({"device": {}, "components": written}))
        publisher.camera_state("hall", "online")
        publisher.publish(result(person()))
        assert wait_for(lambda: home.states(FALL, OCCUPANCY, CAMERA) == ["off", "on", "on"])
        yield publisher, home
    publisher.close()


FALL, OCCUPANCY, CAMERA = "edgepose_hall_fall", "edgepose_hall_occupancy", "edgepose_hall_camera"


def test_the_sensors_of_the_example_are_unavailable_after_a_clean_stop(sensors):
    publisher, home = sensors
    publisher.close()
    assert wait_for(lambda: home.states(FALL, OCCUPANCY, CAMERA) == [UNAVAILABLE] * 3)


@pytest.mark.parametrize("state", ["stalled", "reconnecting", "offline"])
def test_the_sensors_of_the_example_follow_the_camera(sensors, state):
    publisher, home = sensors
    publisher.camera_state("hall", state)
    assert wait_for(lambda: home.states(FALL, OCCUPANCY, CAMERA) == [UNAVAILABLE, UNAVAILABLE, "off"])


def test_the_sensors_of_the_example_show_a_fall_and_believe_nothing_that_is_old(sensors):
    publisher, home = sensors
    publisher.publish(result(person(), events=(fall("confirmed"),)))
    assert wait_for(lambda: home.states(FALL, "edgepose_hall_open_fall") == ["on", "confirmed"])
    home.later_s = 95
    assert home.states(FALL, OCCUPANCY, CAMERA) == [UNAVAILABLE] * 3


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_a_blueprint_asks_for_what_it_uses_and_all_its_templates_are_sound(path):
    document = load(path)
    about = document.pop("blueprint")
    assert about["domain"] == "automation" and about["name"] and about["homeassistant"]["min_version"].count(".") == 2
    assert all(one.keys() <= {"name", "description", "default", "selector"} for one in about["input"].values())
    assert {one for one in parts(document) if isinstance(one, Input)} == set(about["input"])
    assert {"mode", "triggers", "actions"} <= document.keys()
    for text in parts(document):
        if isinstance(text, str):
            environment().parse(text)


def life_of_a_fall() -> list[dict[str, Any]]:
    """Every alert of one fall that is announced again and then answered, as a subscriber reads them."""
    desk = AlertDesk("hall-jetson", MemoryAlertStore(), options=AlertOptions(require_ack=True))
    born = uuid7()
    alerts = [desk.take("hall", fall(stage, born)) for stage in ("suspected", "confirmed", "long_lie")]
    desk._again[born] = 0.0
    alerts += desk.tend()
    alerts += [desk.acknowledge(Acknowledgement(born, action, "anna")) for action in ("seen", "helped")]
    return [msgspec.json.decode(encode(alert)) for alert in alerts]


def trigger(alert: dict[str, Any]) -> dict[str, Any]:
    topic = f"edgepose/v1/{alert['device']}/cam/{alert['cam']}/alert"
    return {"topic": topic, "payload": json.dumps(alert), "payload_json": alert, "id": "0"}


def test_escalation_begins_once_for_a_fall():
    conditions = load(EXAMPLES / "blueprints/edgepose-escalation.yaml")["conditions"]
    begun = [one["event_type"] for one in life_of_a_fall() if holds(conditions, trigger=trigger(one))]
    assert begun == ["fall_confirmed"]


def test_escalation_ends_with_an_answer():
    blueprint = load(EXAMPLES / "blueprints/edgepose-escalation.yaml")
    alerted, answered = blueprint["actions"][0]["wait_for_trigger"]
    said = life_of_a_fall()
    template = environment().from_string(alerted["value_template"])
    ends = [template.render(value_json=one) == said[0]["id"] for one in said]
    assert ends == [False, False, False, False, True, True]  # seen, helped
    answer = {"alert_id": said[0]["id"], "action": "helped"}
    assert environment().from_string(answered["value_template"]).render(value_json=answer) == said[0]["id"]


def test_the_notification_comes_with_each_critical_alert_and_goes_with_the_end():
    conditions = load(EXAMPLES / "blueprints/edgepose-alert.yaml")["conditions"]
    said = [one for one in life_of_a_fall() if holds(conditions, trigger=trigger(one), drills=False)]
    assert [one["event_type"] for one in said] == [
        "fall_confirmed",
        "long_lie",
        "long_lie",
        "cleared",
    ]  # not for `seen`
    drill = {**said[0], "drill": True}
    assert not holds(conditions, trigger=trigger(drill), drills=False)
    assert holds(conditions, trigger=trigger(drill), drills=True)


@pytest.mark.parametrize("action", ["helped", "false_alarm"])
def test_the_answer_of_the_notification_is_one_that_the_device_takes(action):
    blueprint = load(EXAMPLES / "blueprints/edgepose-alert.yaml")
    alert = life_of_a_fall()[1]
    values: dict[str, Any] = {"trigger": trigger(alert), "drills": True}
    for name, template in blueprint["variables"].items():
        if not isinstance(template, Input):
            values[name] = environment().from_string(template).render(values)
    pressed = SimpleNamespace(event=SimpleNamespace(data={"action": values[action]}, context={"user_id": "u1"}))
    anna = SimpleNamespace(name="Anna", attributes={"user_id": "u1"})
    values |= {"wait": SimpleNamespace(trigger=pressed), "states": SimpleNamespace(person=[anna])}
    answer = blueprint["actions"][-1]["data"]
    assert environment().from_string(answer["topic"]).render(values) == "edgepose/v1/hall-jetson/ack"
    payload = environment(Undefined).from_string(answer["payload"]).render(values)
    assert read_acknowledgement(payload.encode()) == Acknowledgement(alert["id"], action, "Anna")


@pytest.mark.parametrize(
    ("about", "payload", "is_gone"),
    [("status", "online", False), ("status", "stopped", True), ("status", "offline", True), ("heartbeat", "{}", False)],
)
def test_silence_counts_from_the_heartbeat_and_a_goodbye_is_told_at_once(about, payload, is_gone):
    variables = load(EXAMPLES / "blueprints/edgepose-silent.yaml")["variables"]
    said = {"id": about, "payload": payload}
    gone = environment().from_string(variables["gone"]).render(trigger=said) == "True"
    assert gone == is_gone
    why = environment().from_string(variables["why"]).render(trigger=said, gone=gone)
    assert why == (payload if is_gone else "silent for 90 s")


@pytest.mark.parametrize(("state", "there"), [("on", True), ("home", True), ("off", False), ("unavailable", False)])
def test_presence_is_what_the_device_hears_of_its_pager(broker, monkeypatch, state, there):
    monkeypatch.setattr(presence, "ABSENT_S", 0.0)
    document = load(EXAMPLES / "blueprints/edgepose-presence.yaml")
    values = {"device": "jetson", "pager": "anna", "entity": "sensor.phone"}
    values["away"] = document["blueprint"]["input"]["away"]["default"]
    (step,) = document["actions"]
    assert step["data"]["retain"] is True  # a device that starts later hears it, too
    sandbox = environment()
    sandbox.globals["states"] = {"sensor.phone": state}.__getitem__
    topic, payload = (sandbox.from_string(step["data"][key]).render(values) for key in ("topic", "payload"))
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson", pagers=("anna",)))
    one.open({"cameras": [{"name": "hall", "live": True}]})
    with Home(broker.port) as home:
        assert wait_for(lambda: one.connected)

        def absent() -> bool:
            one.stats({})
            return any(reason.code == "pager_absent" for reason in one.health.message().reasons)

        for said, is_absent in (("offline" if there else "online", there), (payload, not there)):
            home.client.publish(topic, said, step["data"]["qos"], step["data"]["retain"])
            assert wait_for(lambda: absent() is is_absent)  # noqa: B023 (called at once)
    one.close()


def test_an_alert_has_what_the_blueprints_read():
    fields = {field.name for field in msgspec.structs.fields(Alert)}
    assert {"id", "cam", "event_type", "captured", "severity", "type", "drill", "zone", "evidence"} <= fields
