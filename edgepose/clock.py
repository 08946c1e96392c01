"""Wall time for messages: EdgePose reasons in monotonic seconds, the world reads RFC 3339.

Boards without a battery clock can start in 1970 and jump later, so wall time is taken anew for each message and every
alert says whether the clock was synchronised.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from datetime import datetime, timezone

_LIVE_S = 60.0
"""A frame older than this did not just leave a camera: its t is a file's presentation time, not the monotonic clock."""

NEVER_SET_MS = 1_704_067_200_000
"""Epoch milliseconds of 2024-01-01: a wall clock that shows less was never set, and says nothing of an age."""

_TIME_ERROR = 5
"""Return value of adjtimex(2) while the clock is not synchronised."""


def wall_ms(t: float) -> int:
    """Epoch milliseconds of monotonic second `t`; now where `t` is the presentation time of a file."""
    now = time.time()
    age_s = time.monotonic() - t
    return round((now - age_s if 0 <= age_s < _LIVE_S else now) * 1000)


def rfc3339(epoch_ms: int) -> str:
    """UTC with milliseconds, such as 2026-01-31T08:15:00.250Z."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{epoch_ms % 1000:03d}Z"


def is_synced() -> bool:
    """Whether the wall clock follows a time server; False when nobody can tell.

    The kernel is asked (adjtimex(2)). A service's filter of system calls keeps it from that, rightly, since the same
    call sets the clock: then systemd-timedated is, which asks the kernel for whatever keeps the time, chrony included.
    """
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return _timedated.is_synced()
    timex = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; all zero (modes = 0) only reads
    state = int(adjtimex(timex))
    return _timedated.is_synced() if state < 0 else state < _TIME_ERROR


class _Timedated:
    """What systemd-timedated says, asked anew every 30 s in a thread of its own: an alert does not wait for it."""

    _EVERY_S = 30.0
    _FIRST_S = 1.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_s: float | None = None
        self._answered = threading.Event()
        self._synced = False

    def is_synced(self) -> bool:
        """The newest answer; the first one is waited for, up to a second."""
        now_s = time.monotonic()
        with self._lock:
            is_due = self._asked_s is None or now_s - self._asked_s >= self._EVERY_S
            self._asked_s = now_s if is_due else self._asked_s
        if is_due:
            threading.Thread(target=self._ask, name="clock", daemon=True).start()
        self._answered.wait(self._FIRST_S)
        return self._synced

    def _ask(self) -> None:
        import subprocess

        command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        try:
            told = subprocess.run(command, capture_output=True, timeout=10, check=False).stdout
        except (OSError, subprocess.SubprocessError):
            told = b""
        self._synced = told.strip() == b"yes"
        self._answered.set()


_timedated = _Timedated()


def uuid7() -> str:
    """A UUID that sorts by time (RFC 9562, 5.7): 48 bits of epoch milliseconds, version, variant, 74 random bits.

    Ids of one process go on rising within a millisecond, and where the clock steps back (method 2 of 6.2).
    """
    global _last_id
    drawn = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    drawn = drawn & ~(0xF << 76) | 0x7 << 76
    drawn = drawn & ~(0x3 << 62) | 0x2 << 62
    with _id_lock:
        _last_id = drawn if drawn > _last_id else _last_id + 1
        text = f"{_last_id:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


_id_lock = threading.Lock()
_last_id = 0
