"""Fixtures of the publish tests: real brokers that are stopped when a test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from publish_scene import Mosquitto, broker_program


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Makes brokers (not started) that are stopped when the test ends; skips where mosquitto is not installed."""
    if not broker_program():
        pytest.skip("needs mosquitto, which is not installed (apt-get install mosquitto)")
    brokers: list[Mosquitto] = []

    def make(config: str = "allow_anonymous true") -> Mosquitto:
        folder = tmp_path / f"broker{len(brokers)}"
        folder.mkdir()
        brokers.append(Mosquitto(folder, config))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def broker(make_broker: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker that everybody may use."""
    return make_broker().start()


@pytest.fixture
def say(broker: Mosquitto) -> Iterator[Callable[..., None]]:
    """Publishes one message to the broker, below the topics of the device `jetson`."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def one(topic: str, payload: bytes | str, retain: bool = False) -> None:
        client.publish(f"edgepose/v1/jetson/{topic}", payload, 1, retain).wait_for_publish(5)

    yield one
    client.disconnect()
    client.loop_stop()
