"""How fast alerts may go out: a broker queues only so many for a slow subscriber, and drops the rest in silence.

mosquitto keeps 1,000 a subscriber. A burst of alerts stays well below that, and after it they go no faster than any
pager reads; a fresh critical one finds room that a backlog may not use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from edgepose.alerts.store import FRESH_S, StoredAlert, is_urgent

BURST = 200
"""Alerts that may go out at once, after a while without any."""

RATE = 100.0
"""Alerts a second after that."""

RESERVED = 50
"""Of the burst, kept for fresh critical alerts."""


class Pace:
    """Used by one thread. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._room = float(BURST)
        self._at_s = clock()

    def allowed(self, ready: Iterable[StoredAlert]) -> list[StoredAlert]:
        """The first of these that may go out now."""
        now_s = self._clock()
        self._room = min(float(BURST), self._room + (now_s - self._at_s) * RATE)
        self._at_s = now_s
        room, found = self._room, []
        for one in ready:
            if room - 1 < (0 if is_urgent(one, now_s - FRESH_S) else RESERVED):
                break
            room -= 1
            found.append(one)
        return found

    def went(self) -> None:
        """One of them went out."""
        self._room -= 1
