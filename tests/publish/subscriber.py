"""A subscriber that remembers everything it was sent."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


class Subscriber:
    """Listens to `#` on a loopback port from the moment it was made; a context manager."""

    def __init__(self, port: int, user: str | None = None, password: str | None = None) -> None:
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
        assert ready.wait(5), "the subscription was not answered"

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def raw(self, ending: str) -> list[bytes]:
        """Payloads of all topics with this ending, in order of arrival."""
        return [payload for topic, payload, _ in self.messages if topic.endswith(ending)]

    def json(self, ending: str) -> list[Any]:
        return [msgspec.json.decode(payload) for payload in self.raw(ending)]
