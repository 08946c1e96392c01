"""Which boot an alert belongs to, and its wall time put right once the clock follows a time server."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgepose.alerts.message import Clock
from edgepose.alerts.store import StoredAlert
from edgepose.clock import is_synced, rfc3339

if TYPE_CHECKING:
    from edgepose.alerts.queries import Row

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """Names this boot of this machine: monotonic seconds of two boots cannot be compared."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return str(uuid.uuid4())


def corrected(row: Row) -> StoredAlert:
    """The alert as it should be sent now: times taken before the clock was set are moved to where they belong."""
    alert, mono_s = row.alert, row.mono_ms / 1000
    if row.boot != boot_id():
        return StoredAlert(alert, -1.0)
    if not alert.clock.synced and is_synced():
        then_ms = time.time_ns() // 1_000_000 - round((time.monotonic() - mono_s) * 1000)
        shift_ms = then_ms - row.recorded_ms
        alert = msgspec.structs.replace(
            alert,
            started=_shifted(alert.started, shift_ms),
            ended=None if alert.ended is None else _shifted(alert.ended, shift_ms),
            captured=_shifted(alert.captured, shift_ms),
            clock=Clock(synced=True),
        )
    return StoredAlert(alert, mono_s)


def _shifted(moment: str, shift_ms: int) -> str:
    return rfc3339(round(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * 1000) + shift_ms)
