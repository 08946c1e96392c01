"""What is wrong right now: reasons that come and go, and the level that follows from them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Literal

import msgspec

from edgepose.alerts.timing import boot_id
from edgepose.clock import rfc3339
from edgepose.health import Reason, reason_now

Level = Literal["ok", "degraded", "failed"]

_FAILED = ("camera_offline",)
"""Codes under which a place is not watched any more; the others leave the device working."""


class HealthMessage(msgspec.Struct, frozen=True):
    """`health`: the level and its reasons, sent on change and as the heartbeat.

    boot: names the boot of the device. at: RFC 3339 UTC of this message. last_drill_ok: when a drill last reached
    somebody.
    """

    level: Level
    reasons: list[Reason]
    boot: str = ""
    at: str = ""
    last_drill_ok: str | None = None


class Health:
    """The reasons that hold now. May be used by several threads. last_drill_ok: see HealthMessage."""

    def __init__(self) -> None:
        self.last_drill_ok: str | None = None
        self._reasons: dict[tuple[str, str | None], Reason] = {}
        self._lock = threading.Lock()

    def raise_reason(self, code: str, hint: str, camera: str | None = None) -> bool:
        """Note that something is wrong; True when that is new."""
        with self._lock:
            if (code, camera) in self._reasons:
                return False
            self._reasons[code, camera] = reason_now(code, hint, camera)
            return True

    def clear(self, code: str, camera: str | None = None) -> bool:
        """Note that it is well again; True when that is new."""
        with self._lock:
            return self._reasons.pop((code, camera), None) is not None

    def replace(self, before: Iterable[Reason], now: Iterable[Reason]) -> None:
        """Take reasons that others gave in the place of those they gave before."""
        with self._lock:
            for reason in before:
                self._reasons.pop((reason.code, reason.camera), None)
            for reason in now:
                self._reasons[reason.code, reason.camera] = reason

    def message(self) -> HealthMessage:
        """The level and reasons to publish."""
        with self._lock:
            reasons = list(self._reasons.values())
        level: Level = "degraded" if reasons else "ok"
        if any(reason.code in _FAILED for reason in reasons):
            level = "failed"
        return HealthMessage(level, reasons, boot_id(), rfc3339(time.time_ns() // 1_000_000), self.last_drill_ok)
