"""What is known of a camera's link, as pure bookkeeping: its state, and the pauses between attempts.

Nothing here waits or looks at a clock; every call is given the monotonic second, so that tests need not wait either.
"""

from __future__ import annotations

import zlib
from random import Random

from edgepose.sources.options import SourceOptions
from edgepose.types import CameraState, Image

STALL_PERIODS = 10
"""A slow camera is stalled only after this many of its picture periods without one."""

SAMPLE_STEP = 4
"""Every fourth row and column tells identical pictures from alike ones: a frozen decoder repeats all of them."""


class Link:
    """State of one camera's link; see `CameraState`. Not locked: the owner calls it under its own lock.

    online: pictures come. stalled: connected, but none for `stall_s` (at least ten periods), or only identical ones
    for `freeze_s`. reconnecting: no connection. offline: none for `offline_s`.
    """

    def __init__(self, options: SourceOptions, now: float) -> None:
        self._options = options
        self._lost_at: float | None = now
        self._heard_at = now
        self._changed_at = now
        self._period_s = 0.0
        self._fingerprint: int | None = None

    def connected(self, now: float, period_s: float) -> None:
        """The camera answered and promised a picture every `period_s` seconds (0 when it did not say)."""
        self._heard_at = self._changed_at = now
        self._period_s = period_s

    def picture(self, now: float, fingerprint: int) -> None:
        """A picture came; equal fingerprints are identical pictures."""
        self._lost_at = None
        self._heard_at = now
        if fingerprint != self._fingerprint:
            self._fingerprint = fingerprint
            self._changed_at = now

    def lost(self, now: float) -> None:
        """The connection is gone or was given up."""
        if self._lost_at is None:
            self._lost_at = now

    def state(self, now: float) -> CameraState:
        if self._lost_at is not None:
            return "offline" if now - self._lost_at > self._options.offline_s else "reconnecting"
        patience_s = max(self._options.stall_s, STALL_PERIODS * self._period_s)
        if now - self._heard_at > patience_s or self._heard_at - self._changed_at > self._options.freeze_s:
            return "stalled"
        return "online"


class Backoff:
    """Pauses before the next attempt: from `backoff_first_s` doubling to `backoff_max_s`, each shortened by chance.

    Chance keeps many cameras from knocking at one recorder at the same moment after a power cut.
    """

    def __init__(self, options: SourceOptions, random: Random) -> None:
        self._first_s, self._max_s = options.backoff_first_s, options.backoff_max_s
        self._random = random
        self._limit_s = 2 * self._first_s

    def next_s(self) -> float:
        limit_s = min(self._limit_s, self._max_s)
        self._limit_s *= 2
        return min(self._max_s, max(self._first_s, self._random.uniform(0.5 * limit_s, limit_s)))

    def reset(self) -> None:
        self._limit_s = 2 * self._first_s


def fingerprint(image: Image) -> int:
    """A number that is equal for identical pictures (a sample of every fourth row and column is compared)."""
    return zlib.crc32(image[::SAMPLE_STEP, ::SAMPLE_STEP].tobytes(), image.shape[0])
