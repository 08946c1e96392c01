"""A real broker for the examples that need one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from real_broker import Mosquitto, broker_program, wait_for


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker that everybody may use; skips where mosquitto is not installed."""
    if not broker_program():
        pytest.skip("needs mosquitto, which is not installed (apt-get install mosquitto)")
    one = Mosquitto(tmp_path)
    yield one.start()
    one.stop()


class Client:
    """Publishes JSON, and keeps what others say: pairs of a topic and its JSON."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, Any]] = []
        self._subscribed = False
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._paho.on_message = lambda client, _, one: self.heard.append((one.topic, json.loads(one.payload)))
        self._paho.on_subscribe = lambda *_: setattr(self, "_subscribed", True)
        self._paho.connect("127.0.0.1", port)
        self._paho.loop_start()
        self._paho.subscribe("#", qos=1)
        assert wait_for(lambda: self._subscribed)

    def say(self, topic: str, payload: Any) -> None:
        self._paho.publish(f"edgepose/v1/{topic}", json.dumps(payload), 1).wait_for_publish(20)

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()


@pytest.fixture
def client(broker: Mosquitto) -> Iterator[Callable[..., None]]:
    one = Client(broker.port)
    yield one
    one.close()
