"""A subscriber that remembers everything it was sent, and holds it against the schemas when it leaves."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from schema_check import wrong


class Subscriber:
    """Listens to `#` on a loopback port from the moment it was made; a context manager.

    At its end every message of a device must be of the form that the AsyncAPI document says; `foreign` are topics on
    which the test itself sent something else.
    """

    def __init__(
        self, port: int, user: str | None = None, password: str | None = None, foreign: tuple[str, ...] = ("/ack",)
    ) -> None:
        self._foreign = foreign
        self.messages: list[tuple[str, bytes, bool]] = []
        ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_message = lambda c, u, m: self.messages.append((m.topic, m.payload, bool(m.retain)))
        self._client.on_subscribe = lambda *args: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", qos=1)
        assert ready.wait(20), "the subscription was not answered"

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        if error[0] is None:
            ours = [one for one in self.messages if one[0].startswith("edgepose/v1/")]
            said = [wrong(topic, payload) for topic, payload, _ in ours if not topic.endswith(self._foreign)]
            assert not any(said), next(one for one in said if one)

    def raw(self, ending: str) -> list[bytes]:
        """Payloads of all topics with this ending, in order of arrival."""
        return [payload for topic, payload, _ in self.messages if topic.endswith(ending)]

    def json(self, ending: str) -> list[Any]:
        return [msgspec.json.decode(payload) for payload in self.raw(ending)]
