"""A subscriber that makes entities of discovery messages, by Home Assistant's rules (core 2026.2, `components/mqtt`).

Written from reading them: what an entity subscribes to, when it is available, what its templates see, what it ignores.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import Any

import paho.mqtt.client as paho
from jinja2 import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from paho.mqtt.enums import CallbackAPIVersion

UNAVAILABLE, UNKNOWN = "unavailable", "unknown"

_SANDBOX = ImmutableSandboxedEnvironment()


def render(template: str | None, payload: str, **more: Any) -> str:
    """A value template: `value`, and `value_json` where the payload is JSON."""
    if template is None:
        return payload
    values = {"value": payload, **more}
    with contextlib.suppress(ValueError):
        values["value_json"] = json.loads(payload)
    return _SANDBOX.from_string(template).render(values)


class Entity:
    """One entity. `state` is what Home Assistant shows; `fired` the events of an event entity."""

    def __init__(self, home: Home, config: dict[str, Any]) -> None:
        self.home = home
        self.config = config
        self.attributes: dict[str, Any] = {}
        self.fired: list[dict[str, Any]] = []
        self._value: str | None = None
        self._heard_s: float | None = None
        self._available = {one["topic"]: False for one in config["availability"]}

    @property
    def topics(self) -> set[str]:
        named = {self.config.get("state_topic"), self.config.get("json_attributes_topic")}
        return {topic for topic in named if topic} | set(self._available)

    @property
    def state(self) -> str:
        expired = self._heard_s is None or self.home.now() - self._heard_s >= self.config.get("expire_after", 1e9)
        waits = "expire_after" in self.config and expired
        if not self.home.connected or not all(self._available.values()) or waits:
            return UNAVAILABLE
        return UNKNOWN if self._value is None else self._value

    def take(self, topic: str, payload: str, retained: bool) -> None:
        for one in self.config["availability"]:
            if one["topic"] == topic:
                word = render(one.get("value_template"), payload)
                if word in ("online", "offline"):  # anything else is ignored
                    self._available[topic] = word == "online"
        if topic == self.config.get("json_attributes_topic"):
            said = render(self.config.get("json_attributes_template"), payload)
            if said.startswith("{"):
                self.attributes = json.loads(said)
        if topic == self.config.get("state_topic"):
            self._heard_s = self.home.now()
            self._take_value(render(self.config.get("value_template"), payload), retained)

    def _take_value(self, value: str, retained: bool) -> None:
        platform = self.config["platform"]
        if platform == "event":
            if not retained and value.startswith("{"):
                event = json.loads(value)
                if event["event_type"] in self.config["event_types"]:
                    self.fired.append(event)
        elif value == "None":
            self._value = None
        elif platform in ("binary_sensor", "switch"):
            self._value = {"ON": "on", "OFF": "off"}.get(value, self._value)
        elif value and value in self.config.get("options", [value]):
            self._value = value

    def press(self) -> None:
        """As a person does; a button that is unavailable cannot be pressed."""
        assert self.state != UNAVAILABLE
        this = {"attributes": self.attributes}
        answer = _SANDBOX.from_string(self.config["command_template"]).render(value="PRESS", this=this)
        self.home.client.publish(self.config["command_topic"], answer, self.config["qos"]).wait_for_publish(5)

    def turn(self, word: str) -> None:
        """Switch it `on` or `off`, as a person does; what it is announced with is sent."""
        assert self.state != UNAVAILABLE
        payload = self.config[f"payload_{word}"]
        self.home.client.publish(self.config["command_topic"], payload, self.config["qos"]).wait_for_publish(5)


class Home:
    """Home Assistant's MQTT integration on a loopback port; a context manager. later_s: moves its clock."""

    def __init__(self, port: int, prefix: str = "homeassistant") -> None:
        self.later_s = 0.0
        self.devices: dict[str, dict[str, Entity]] = {}  # by discovery topic
        self.about: dict[str, dict[str, Any]] = {}  # device, by discovery topic
        self.n_announcements = 0
        self.prefix = prefix
        ready = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *args: ready.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(20)

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    @property
    def connected(self) -> bool:
        return self.client.is_connected()

    def now(self) -> float:
        return time.monotonic() + self.later_s

    def __getitem__(self, unique_id: str) -> Entity:
        return next(
            one for device in self.devices.values() for one in device.values() if one.config["unique_id"] == unique_id
        )

    def states(self, *unique_ids: str) -> list[str]:
        """Of these entities; empty while one of them is missing."""
        found = {one.config["unique_id"]: one for device in self.devices.values() for one in device.values()}
        return [found[one].state for one in unique_ids] if set(unique_ids) <= found.keys() else []

    def say_born(self) -> None:
        self.client.publish(f"{self.prefix}/status", "online", 0, False)

    def _on_connect(self, client: paho.Client, *args: Any) -> None:
        client.subscribe(f"{self.prefix}/device/#")
        for topic in {topic for device in self.devices.values() for one in device.values() for topic in one.topics}:
            client.subscribe(topic, 1)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        payload = message.payload.decode()
        if message.topic.startswith(f"{self.prefix}/device/"):
            self._discover(message.topic, payload)
            return
        for device in list(self.devices.values()):
            for entity in device.values():
                if message.topic in entity.topics:
                    with contextlib.suppress(UndefinedError):  # a message its template cannot read: logged and ignored
                        entity.take(message.topic, payload, bool(message.retain))

    def _discover(self, topic: str, payload: str) -> None:
        if not payload:
            self.devices.pop(topic, None)
            return
        self.n_announcements += 1
        said = json.loads(payload)
        self.about[topic] = said["device"]
        if topic in self.devices:  # known entities stay
            return
        self.devices[topic] = {key: Entity(self, one) for key, one in said["components"].items()}
        for wanted in {topic for one in self.devices[topic].values() for topic in one.topics}:
            self.client.subscribe(wanted, 1)
