"""Why something does not work as it should: one value, made where the trouble is and carried to whoever tells it."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from edgepose.clock import rfc3339


class Reason(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    code: a short word for programs, such as camera_offline. camera: the camera it concerns, None for the device. since:
    RFC 3339 UTC. hint: one sentence for a person, with what can be done.
    """

    code: str
    camera: str | None
    since: str
    hint: str


class Trouble(msgspec.Struct, frozen=True):
    """What a stage notices, which knows neither the time of day nor its camera. code, hint: as of a Reason."""

    code: str
    hint: str


class Reasons:
    """Makes reasons of troubles; each keeps the moment from which on it held. Used by one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, Trouble], Reason] = {}

    def update(self, troubles: Iterable[tuple[str | None, Trouble]]) -> tuple[Reason, ...]:
        """The reasons that hold now, given every trouble with its camera (None: the device's)."""
        before, self._known = self._known, {}
        for camera, one in troubles:
            known = before.get((camera, one))
            self._known[camera, one] = known or reason_now(one.code, one.hint, camera)
        return tuple(self._known.values())


def reason_now(code: str, hint: str, camera: str | None = None) -> Reason:
    """A reason that holds from this moment on."""
    return Reason(code, camera, rfc3339(time.time_ns() // 1_000_000), hint)
