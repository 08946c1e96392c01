"""Retained states on their way to the broker: the newest value of each topic, again where it was lost or denied."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from edgepose.publish.mqtt import reasons
from edgepose.publish.mqtt.outbox import Outbox
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.telling import STATE_RETRY_S, Telling

log = logging.getLogger(__name__)


class StateLane:
    """Used by the link's thread. own: the topics of this device begin with it; those of others are announcements."""

    def __init__(self, outbox: Outbox, session: Session, own: str, telling: Telling) -> None:
        self._outbox = outbox
        self._session = session
        self._own = own
        self._telling = telling
        self._denied: dict[str, None] = {}  # topics that the broker refused
        self._due_s = 0.0  # when those, or all where none is kept, are sent again

    def connected(self) -> None:
        """The broker may have forgotten all of them."""
        self._outbox.again()
        self._due_s = time.monotonic() + STATE_RETRY_S

    def repeat(self) -> None:
        """Send those again, now and then, that were denied, or that the broker does not keep."""
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + STATE_RETRY_S
            self._outbox.again(list(self._denied) if self._session.limits.retain else None)

    def take(self, but: Iterable[Any]) -> tuple[str, bytes] | None:
        """The next topic and value to send, not of these topics."""
        return self._outbox.next_state(set(but))

    def send(self, topic: str, payload: bytes) -> int | None:
        """Publish it; the message's id, None where it is larger than the broker takes."""
        if self._session.fits(topic, payload):
            return self._session.publish(topic, payload, qos=1, retain=True)
        self._telling.left_out(topic, len(payload), "it is left out")
        return None

    def answered(self, topic: str, reason: int) -> None:
        """What became of it."""
        if reason >= reasons.FAILURE:
            why = f"the broker refused {topic}: {reasons.sentence(reason)}"
            if topic.startswith(self._own):
                self._telling.settle("state_denied", why)
            elif topic not in self._denied:  # there may be no Home Assistant at all: that is no ill health
                log.info('%s; mqtt.discovery = "" ends these announcements', why)
            self._denied[topic] = None
        elif topic in self._denied:
            del self._denied[topic]
            if not any(one.startswith(self._own) for one in self._denied):
                self._telling.settle("state_denied", None)
