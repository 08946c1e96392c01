"""The other side of the broker: a subscriber that reads what devices say."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edgepose.errors import PublishError
from edgepose.publish.mqtt.silence import SILENT_S, Silence
from edgepose.publish.mqtt.topics import ROOT, parse_url

_LOOK_S = 1.0
"""Pause between two looks for devices that fell silent."""


class Message(msgspec.Struct, frozen=True):
    """One message. payload: the decoded JSON, or the text where it is none."""

    topic: str
    retained: bool
    payload: Any

    @property
    def kind(self) -> str:
        """What it is about: the last word of its topic."""
        return self.topic.rsplit("/", 1)[1]


class Watch:
    """A subscription to all messages of one device, or of all with "+". A context manager; `close` ends `messages`."""

    def __init__(self, url: str, device: str = "+") -> None:
        broker = parse_url(url)
        self._topic = f"{ROOT}/{device}/#"
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._problem: str | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set()
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        try:
            self._client.connect(broker.host, broker.port)
        except OSError as error:
            words = error.strerror or error
            raise PublishError(f"broker {broker} cannot be reached: {words}; is it running?") from error
        self._broker = broker
        self._client.loop_start()

    def messages(self, seconds: float | None = None) -> Iterator[Message]:
        """Messages as they come, for `seconds` or until closed; PublishError when the broker refuses.

        A device that is `online` and silent for SILENT_S gives one message of this watch's own, `<device>/silent`.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        silence = Silence()
        while True:
            now = time.monotonic()
            for device in silence.fallen(now):
                words = f"nothing heard for {SILENT_S:.0f} s, though the broker has it as online: see whether it runs"
                yield Message(f"{ROOT}/{device}/silent", False, words)
            if deadline is not None and now >= deadline:
                return
            try:
                message = self._messages.get(timeout=_LOOK_S if deadline is None else min(_LOOK_S, deadline - now))
            except queue.Empty:
                continue
            if message is None:
                break
            _, _, device, *rest = message.topic.split("/")
            kind = rest[0] if len(rest) == 1 else ""
            silence.hear(device, kind, message.payload, message.retained, time.monotonic())
            yield message
        if self._problem:
            raise PublishError(self._problem)

    def close(self) -> None:
        """End; closing twice is fine."""
        self._messages.put(None)
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _on_connect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._problem = f"broker {self._broker} refuses: {reason}; check user and password"
            self._messages.put(None)
        else:
            client.subscribe(self._topic, qos=1)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        try:
            payload = msgspec.json.decode(message.payload)
        except msgspec.DecodeError:
            payload = message.payload.decode("utf-8", "replace")
        self._messages.put(Message(message.topic, message.retain, payload))
