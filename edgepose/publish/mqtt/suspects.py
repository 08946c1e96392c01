"""Messages at which brokers hang up: found by sending those under suspicion one at a time, then set aside and named.

A broker that says why (MQTT 5) or how much it takes needs none of this; others just close the connection, on an old
version, behind a proxy, or at a rule of their own. Nothing is set aside for ever: a broker may have been unlucky twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

_PAUSE_S = 60.0
"""How long a message is set aside for the first time; doubled each time after."""

_LONGEST_PAUSE_S = 3600.0

_CAREFUL_S = 60.0
"""Longest time of sending one at a time: a message under suspicion may be gone meanwhile."""

_NONE: set[Any] = set()

_AT_ONCE_S = 2.0
"""A connection that ends so soon after a QoS 0 message may have ended by it."""


class Suspects:
    """Used by one thread. Keys name messages of QoS 1; those of QoS 0, without an answer, go by topic and size."""

    def __init__(self) -> None:
        self._n_ended: Counter[Hashable] = Counter()
        self._careful_until_s = 0.0
        self._aside: dict[Hashable, tuple[float, float]] = {}  # until when, and the pause that led to it
        self._last: tuple[str, int, float] | None = None  # topic, bytes and second of the last QoS 0 message
        self._n_ended_plain: Counter[str] = Counter()
        self._too_much: dict[str, int] = {}  # bytes of a QoS 0 topic that have ended a connection twice

    @property
    def careful(self) -> bool:
        """Whether messages should be sent one at a time now."""
        return bool(self._n_ended) and self.wary

    @property
    def wary(self) -> bool:
        """Whether a connection was ended not long ago: what has no answer should travel alone, to be known by that."""
        return time.monotonic() < self._careful_until_s

    def aside(self) -> set[Any]:
        """The messages that are not to be sent now."""
        if not self._aside:
            return _NONE
        now_s = time.monotonic()
        return {key for key, (until_s, _) in self._aside.items() if now_s < until_s}

    @property
    def none(self) -> bool:
        """Whether nothing is set aside, for a while or by its size."""
        return not self.aside() and not self._too_much

    def plain(self, topic: str, n_bytes: int) -> bool:
        """Note a QoS 0 message that is about to be sent; False when it should not be."""
        if n_bytes >= self._too_much.get(topic, n_bytes + 1):
            return False
        self._last = topic, n_bytes, time.monotonic()
        return True

    def ended(self, under_way: Iterable[Hashable]) -> Hashable | None:
        """The broker hung up while these were under way; returns the one that is set aside for it, if one is."""
        keys = list(under_way)
        self._careful_until_s = time.monotonic() + _CAREFUL_S
        for key in keys:
            self._n_ended[key] += 1
        if len(keys) == 1 and self._n_ended[keys[0]] >= 2 and self._last is None:
            return self._set_aside(keys[0])
        if not keys and self._last is not None and time.monotonic() - self._last[2] < _AT_ONCE_S:
            topic, n_bytes, _ = self._last
            self._n_ended_plain[topic] += 1
            if self._n_ended_plain[topic] >= 2:
                self._too_much[topic] = min(n_bytes, self._too_much.get(topic, n_bytes))
                return topic
        return None

    def connected(self) -> None:
        """A new connection was made."""
        self._last = None

    def answered(self, key: Hashable) -> None:
        self._n_ended.pop(key, None)
        self._aside.pop(key, None)

    def _set_aside(self, key: Hashable) -> Hashable:
        pause_s = min(_LONGEST_PAUSE_S, 2 * self._aside[key][1] if key in self._aside else _PAUSE_S)
        self._aside[key] = time.monotonic() + pause_s, pause_s
        del self._n_ended[key]
        return key
