"""A subscriber that notes every alert with the moment it came, and comes back by itself after each loss."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ALERTS = "edgepose/v1/+/cam/+/alert"


class Arrival(msgspec.Struct, frozen=True):
    """One alert as it came. at: monotonic second."""

    seq: int
    id: str
    at: float
    attempt: int
    body: dict[str, Any]


class Pager:
    """Subscribes with QoS 1 from the moment it was made. durable: the broker keeps its session while it is away.

    others: (topic, payload, retained) of what is no alert. answer: called with each alert.
    """

    def __init__(
        self,
        port: int,
        *,
        durable: bool = True,
        client_id: str = "pager",
        topics: tuple[str, ...] = (ALERTS,),
        user: str = "",
        level: int = 5,
        wait: bool = True,
    ) -> None:
        self.arrivals: list[Arrival] = []
        self.others: list[tuple[str, bytes, bool]] = []
        self.answer: Callable[[paho.Client, dict[str, Any]], None] | None = None
        self.subscribed = threading.Event()
        five = level == 5
        protocol = paho.MQTTv5 if five else paho.MQTTv311
        more: dict[str, Any] = {} if five else {"clean_session": not durable}
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol, **more)
        if user:
            client.username_pw_set(*user.split(":", 1))
        client.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]
        client.on_connect = lambda c, *_: c.subscribe([(topic, 1) for topic in topics])
        client.on_subscribe = lambda *_: self.subscribed.set()
        client.on_disconnect = lambda *_: self.subscribed.clear()
        client.on_message = self._take
        options: dict[str, Any] = {}
        if five:
            kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            kept.SessionExpiryInterval = 86_400 if durable else 0
            options = {"clean_start": not durable, "properties": kept}
        client.connect_async("127.0.0.1", port, keepalive=20, **options)
        client.loop_start()
        if wait:
            assert self.subscribed.wait(20), "the pager's subscription was not answered"

    def _take(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        at = time.monotonic()
        if not message.topic.endswith("/alert"):
            self.others.append((message.topic, message.payload, message.retain))
            return
        body = json.loads(message.payload)
        self.arrivals.append(Arrival(body["seq"], body["id"], at, body["delivery"]["attempt"], body))
        if self.answer is not None:
            self.answer(client, body)

    def last(self, ending: str) -> Any:
        """The newest payload of a topic with this ending, None before the first."""
        found = [payload for topic, payload, _ in list(self.others) if topic.endswith(ending)]
        return found[-1] if found else None

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
