"""Why something does not work as it should: one value, made where the trouble is and carried to whoever tells it."""

from __future__ import annotations

import time

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


def reason_now(code: str, hint: str, camera: str | None = None) -> Reason:
    """A reason that holds from this moment on."""
    return Reason(code, camera, rfc3339(time.time_ns() // 1_000_000), hint)
