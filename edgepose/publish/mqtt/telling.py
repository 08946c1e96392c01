"""What the link finds wrong, told once in `health` and in the log, and taken back when it is well again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edgepose.publish.mqtt.connection import Limits
from edgepose.publish.mqtt.health import Health

log = logging.getLogger(__name__)

STATE_RETRY_S = 20.0
"""Pause before a state that was denied, or that the broker does not keep, is sent again."""

_ONLY_3_1_1 = "the broker speaks MQTT 3.1.1, where a denied alert looks delivered; use one with MQTT 5"
_NO_RETAIN = (
    "the broker keeps no retained messages: who subscribes later learns a state when it is said again, every "
    f"{STATE_RETRY_S:.0f} s; allow them (mosquitto: retain_available)"
)
_NO_QOS = (
    "the broker takes QoS 0 only, where an alert counts as handed over once it is written; allow QoS 1 "
    "(mosquitto: max_qos)"
)


class Telling:
    """Used by the link's thread. told: called when `health` has changed. broker: its name, for the log.

    n_too_large: messages left out because the broker takes none of their size.
    """

    def __init__(self, health: Health, broker: Callable[[], object], told: Callable[[], None]) -> None:
        self.n_too_large = 0
        self._health = health
        self._broker = broker
        self._told = told
        self._too_large: set[str] = set()  # topics of which something was too large for this broker
        self._limits = Limits()

    def settle(self, code: str, hint: str | None) -> bool:
        """Say that something is wrong, or with None that it is well again; whether that is new."""
        changed = self._health.clear(code) if hint is None else self._health.raise_reason(code, hint)
        if changed:
            if hint is not None:
                log.warning("%s: %s", self._broker(), hint)
            self._told()
        return changed

    def settle_or_log(self, code: str, hint: str) -> None:
        """Say that something is wrong, in the log at least, where `health` names the same kind already."""
        if not self.settle(code, hint):
            log.warning("%s: %s", self._broker(), hint)

    def left_out(self, topic: str, n_bytes: int, what: str) -> None:
        """Count a message that is larger than the broker takes, and say so once for each topic."""
        self.n_too_large += 1
        if topic not in self._too_large:
            self._too_large.add(topic)
            hint = f"a message on {topic} has {n_bytes} bytes, the broker takes packets of {self._limits.max_packet}: "
            hint += f"{what}; raise its limit (mosquitto: max_packet_size)"
            self.settle_or_log("message_too_large", hint)

    def connected(self, limits: Limits, protocol: str) -> None:
        """What this broker lacks."""
        if limits != self._limits:
            self._limits = limits
            self._too_large.clear()
            self.settle("message_too_large", None)
        self.settle("mqtt_3_1_1", _ONLY_3_1_1 if protocol == "3.1.1" else None)
        self.settle("retain_unavailable", None if limits.retain else _NO_RETAIN)
        self.settle("qos_unavailable", None if limits.max_qos else _NO_QOS)
