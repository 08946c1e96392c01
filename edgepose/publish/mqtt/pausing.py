"""The pause switch of a camera: who asks for it, for how long at most, and what everybody hears of it.

Off unless `mqtt.pause_min` lets it: whoever may pause a camera may make sure that nobody hears of a fall.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from edgepose.alerts.acknowledgement import MAX_BYTES
from edgepose.alerts.message import OnOff
from edgepose.clock import rfc3339, wall_ms
from edgepose.publish.mqtt.topics import Topics

log = logging.getLogger(__name__)

_MAX_NAME = 100


class Pausing(msgspec.Struct, frozen=True):
    """`cam/<cam>/pause/set`: somebody pauses a camera, or ends that; the words ON and OFF alone do as well.

    minutes: for how long, as far as is allowed; null: as long as is allowed. by: who, in their own words.
    """

    state: OnOff
    minutes: float | None = None
    by: str = ""


class PauseState(msgspec.Struct, frozen=True):
    """`cam/<cam>/pause`: whether nobody is looked at there, until when (RFC 3339 UTC), and who wanted it."""

    state: OnOff
    until: str | None = None
    by: str | None = None


class Pauses(Protocol):
    """The pipeline's pauses; cameras go by their name in topics."""

    def pause(self, camera: str, seconds: float) -> bool: ...

    def resume(self, camera: str) -> bool: ...

    def until(self, camera: str) -> float | None: ...


_DECODER = msgspec.json.Decoder(Pausing)


def read_pausing(payload: bytes) -> Pausing | None:
    """The request in a message from outside; None where it is none of ours."""
    if payload in (b"ON", b"OFF"):
        return Pausing("ON" if payload == b"ON" else "OFF")
    if len(payload) > MAX_BYTES:
        return None
    try:
        request = _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if request.minutes is not None and not request.minutes > 0:
        return None
    by = "".join(letter for letter in request.by[:_MAX_NAME] if letter.isprintable())
    return Pausing(request.state, request.minutes, by)


class PauseSwitch:
    """Takes requests in the link's thread, and tells the state in the publisher's.

    longest_min: longest pause that may be asked for, 0: none. say: sets a retained topic. pauses: None where nobody
    can pause, so that nothing is said.
    """

    def __init__(self, topics: Topics, longest_min: float, say: Callable[[str, PauseState], None]) -> None:
        self.pauses: Pauses | None = None
        self._topics = topics
        self._longest_min = longest_min
        self._say = say
        self._by: dict[str, str] = {}

    @property
    def allowed(self) -> bool:
        return self._longest_min > 0 and self.pauses is not None

    def take(self, camera: str, payload: bytes) -> None:
        """Act on one request; what is none, or not allowed, does nothing."""
        request = read_pausing(payload)
        if request is None:
            log.warning("a message on the pause topic of %s is no request", camera)
        elif self.pauses is None or not self._longest_min:
            log.warning("pausing a camera is not allowed over MQTT (mqtt.pause_min is 0)")
        elif request.state == "OFF":
            if self.pauses.resume(camera):
                log.warning("camera %s is watched again: %s", camera, request.by or "somebody")
        else:
            minutes = min(self._longest_min, request.minutes or self._longest_min)
            self._by[camera] = request.by or "somebody"
            if self.pauses.pause(camera, 60 * minutes):
                log.warning("camera %s is paused for %g minutes: %s", camera, minutes, self._by[camera])

    def tell(self, source: str) -> None:
        """Say whether a camera is paused, where that is allowed."""
        if self.pauses is None or not self._longest_min:
            return
        camera = self._topics.camera(source)
        until_s = self.pauses.until(camera)
        off = until_s is None
        self._say(
            self._topics.of_camera(source, "pause"),
            PauseState("OFF") if off else PauseState("ON", rfc3339(wall_ms(until_s or 0.0)), self._by.get(camera)),
        )

    def end(self, source: str) -> None:
        """The device stops: no pause outlives it."""
        if self.allowed:
            self._say(self._topics.of_camera(source, "pause"), PauseState("OFF"))
