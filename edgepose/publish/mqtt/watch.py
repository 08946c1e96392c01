"""The other side of the broker: a subscriber that reads what devices say."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from edgepose.errors import PublishError
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.silence import SILENT_S, Silence
from edgepose.publish.mqtt.topics import ROOT
from edgepose.publish.options import MqttOptions

_LOOK_S = 0.5
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
    """A subscription to all messages of one device, or of all with "+". A context manager; `close` ends `messages`.

    It connects as the publisher does, with the same options, and comes back when the broker does.
    """

    def __init__(self, options: MqttOptions, device: str = "+") -> None:
        self._session = Session(options, f"edgepose-watch-{os.urandom(3).hex()}")
        self._session.subscribe(f"{ROOT}/{device}/#")
        self._session.patient = False
        self._session.start()
        self._closed = False

    def messages(self, seconds: float | None = None) -> Iterator[Message]:
        """Messages as they come, for `seconds` or until closed; PublishError when no broker took us at the first try.

        A device that is `online` and silent for SILENT_S gives one message of this watch's own, `<device>/silent`.
        """
        session, silence = self._session, Silence()
        deadline = float("inf") if seconds is None else time.monotonic() + seconds
        try:
            while not self._closed and time.monotonic() < deadline:
                session.tend()
                if not session.n_connects and session.tried_all:
                    break
                session.wait(max(0.0, min(_LOOK_S, deadline - time.monotonic())))
                for topic, payload, retained in session.messages():
                    message = _message(topic, payload, retained)
                    _, _, device, *rest = topic.split("/")
                    kind = rest[0] if len(rest) == 1 else ""
                    silence.hear(device, kind, message.payload, retained, time.monotonic())
                    yield message
                for device in silence.fallen(time.monotonic()):
                    words = f"nothing heard for {SILENT_S:.0f} s, though the broker has it as online: see if it runs"
                    yield Message(f"{ROOT}/{device}/silent", False, words)
            if not session.n_connects and not self._closed:
                raise PublishError(f"broker {session.broker} {session.problem or 'did not answer in time'}")
        finally:
            session.close()

    def close(self) -> None:
        """End; closing twice is fine. Any thread, or a signal's handler, may call it."""
        self._closed = True
        self._session.wake()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _message(topic: str, raw: bytes, retained: bool) -> Message:
    try:
        payload = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        payload = raw.decode("utf-8", "replace")
    return Message(topic, retained, payload)
