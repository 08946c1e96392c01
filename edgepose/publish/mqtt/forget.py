"""A device that is taken away: what the broker keeps of it, and what Home Assistant was told, is cleared."""

from __future__ import annotations

import os
import time

from edgepose.errors import PublishError
from edgepose.publish.mqtt.discovery import base
from edgepose.publish.mqtt.reasons import FAILURE, sentence
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions

_SETTLE_S = 1.0
"""What the broker keeps comes at once; after so long without more it was all."""


def forget(options: MqttOptions, *, running: bool = False, timeout_s: float = 10.0) -> list[str]:
    """Clear every retained topic of the device that the options name, and its announcements; returns the topics.

    running: also where its status is `online`. PublishError where the broker cannot be reached or refuses, and for a
    device that runs.
    """
    topics = Topics(options.device_name)
    session = Session(options, f"edgepose-forget-{os.urandom(3).hex()}")
    filters = [f"{topics.base}/#"]
    if options.discovery.strip("/"):
        filters.append(f"{base(topics, options.discovery.strip('/'))}/#")
    session.subscribe(*filters)
    session.start()
    try:
        kept = _kept(session, time.monotonic() + timeout_s)
        if kept.get(topics.of("status")) == b"online" and not running:
            raise PublishError(f"device {topics.device} is online; stop it first, or say --running if it is gone")
        _clear(session, sorted(kept), time.monotonic() + timeout_s)
        return sorted(kept)
    finally:
        session.close()


def _kept(session: Session, deadline: float) -> dict[str, bytes]:
    """Retained messages by topic."""
    kept: dict[str, bytes] = {}
    quiet_s = None
    while quiet_s is None or time.monotonic() - quiet_s < _SETTLE_S:
        _step(session, deadline)
        found = {topic: payload for topic, payload, retained in session.messages() if retained and payload}
        kept |= found
        if session.subscribed and (found or quiet_s is None):
            quiet_s = time.monotonic()
    return kept


def _clear(session: Session, topics: list[str], deadline: float) -> None:
    sent = {session.publish(topic, b"", qos=1, retain=True): topic for topic in topics}
    while sent:
        _step(session, deadline)
        for mid, reason in session.answers():
            topic = sent.pop(mid, None)
            if topic is not None and reason >= FAILURE:
                raise PublishError(f"broker {session.broker} does not let {topic} be cleared: {sentence(reason)}")


def _step(session: Session, deadline: float) -> None:
    if time.monotonic() >= deadline or session.tried_all:
        raise PublishError(f"broker {session.broker} {session.problem or 'did not answer in time'}")
    session.wait(0.1)
    session.tend()
