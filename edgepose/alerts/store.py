"""Where alerts wait until somebody has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

import msgspec

from edgepose.alerts.message import Alert


class StoredAlert(msgspec.Struct, frozen=True):
    """An alert that waits. since_s: monotonic second at which it was recorded."""

    alert: Alert
    since_s: float


class AlertStore(Protocol):
    """Keeps alerts until they are handed over. Used by several threads."""

    def next_seq(self) -> int:
        """The number of the next alert of this device."""
        ...

    def append(self, alert: Alert) -> None:
        """Record an alert numbered `next_seq()`; it is recorded when this returns."""
        ...

    def pending(self) -> Sequence[StoredAlert]:
        """Alerts not yet handed over, oldest first."""
        ...

    def release(self, seq: int) -> None:
        """The alert was handed over."""
        ...


class MemoryAlertStore:
    """Keeps alerts for the life of the process; numbers start at 0 with each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._pending: dict[int, StoredAlert] = {}

    def next_seq(self) -> int:
        return self._next

    def append(self, alert: Alert) -> None:
        with self._lock:
            self._pending[alert.seq] = StoredAlert(alert, time.monotonic())
            self._next = alert.seq + 1

    def pending(self) -> Sequence[StoredAlert]:
        with self._lock:
            return list(self._pending.values())

    def release(self, seq: int) -> None:
        with self._lock:
            self._pending.pop(seq, None)
