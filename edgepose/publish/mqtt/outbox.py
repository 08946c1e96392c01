"""What waits for the broker: the newest value of every retained topic, and messages that may be dropped.

Any thread puts in, the link's thread takes out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Container, Hashable, Iterable


class Outbox:
    """`wake` is called when something was put in. dropped: QoS 0 messages let go as the broker was away or slow."""

    def __init__(self, max_waiting: int, wake: Callable[[], None]) -> None:
        self.dropped = 0
        self._max_waiting = max_waiting
        self._wake = wake
        self._lock = threading.Lock()
        self._states: dict[str, bytes] = {}
        self._unsent: dict[str, None] = {}  # topics of states to send, in order
        self._waiting: deque[tuple[str, bytes, int, float]] = deque()  # topic, payload, expiry_s, deadline

    @property
    def n_waiting(self) -> int:
        """QoS 0 messages that wait."""
        return len(self._waiting)

    def has_unsent(self, but: Container[Hashable] = ()) -> bool:
        """Whether a state is to be sent whose topic is not in `but`."""
        with self._lock:
            return any(topic not in but for topic in self._unsent)

    def state(self, topic: str, payload: bytes, *, again: bool = False) -> bool:
        """Set the value of a retained topic; False, and nothing to send, when it is the same as before."""
        with self._lock:
            if self._states.get(topic) == payload and not again:
                return False
            self._states[topic] = payload
            self._unsent[topic] = None
        self._wake()
        return True

    def is_unsent(self, topic: str) -> bool:
        return topic in self._unsent

    def again(self, topics: Iterable[str] | None = None) -> None:
        """Send the values of these topics once more, where they have one; without topics of all."""
        with self._lock:
            wanted = self._states if topics is None else (one for one in topics if one in self._states)
            self._unsent.update(dict.fromkeys(wanted))
        self._wake()

    def next_state(self, but: Container[Hashable]) -> tuple[str, bytes] | None:
        """Take the first state to send whose topic is not in `but`."""
        with self._lock:
            for topic in self._unsent:
                if topic not in but:
                    del self._unsent[topic]
                    return topic, self._states[topic]
        return None

    def send(self, topic: str, payload: bytes, expiry_s: int) -> None:
        """Queue a QoS 0 message; where too many wait the oldest is dropped."""
        with self._lock:
            if len(self._waiting) == self._max_waiting:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((topic, payload, expiry_s, time.monotonic() + expiry_s))
        self._wake()

    def next_message(self) -> tuple[str, bytes, int] | None:
        """Take the oldest QoS 0 message that has not expired."""
        while self._waiting:
            with self._lock:
                topic, payload, expiry_s, deadline = self._waiting.popleft()
            if time.monotonic() <= deadline:
                return topic, payload, expiry_s
            self.dropped += 1
        return None
