"""From falls to alerts: gives every fall one id, every step a place in a gapless sequence, and keeps the latch.

An alert passes three gates with three names: recorded (in the AlertStore), handed over (the broker took it and somebody
subscribes), seen (a person acknowledged it). The store here lives in memory; a durable one has the same methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edgepose.alerts.message import Alert, AlertType, Clock, FallState, Severity, rounded
from edgepose.alerts.store import AlertStore
from edgepose.clock import is_synced, rfc3339, uuid7, wall_ms
from edgepose.names import slug
from edgepose.types import Event, Pose

ALERT_SCHEMA = "edgepose.alert/1"

_PREFIXED = ("suspected", "confirmed")
"""Stages whose event_type says `fall_`; the others are plain words."""

_CLOSING = ("recovered", "cleared")

_SEVERITY: Mapping[str, Severity] = {
    "suspected": "warning",
    "confirmed": "critical",
    "long_lie": "critical",
    "found_down": "critical",
    "unknown": "warning",
    "recovered": "info",
    "cleared": "info",
    "help": "critical",
}
"""By stage; what is not listed is a warning."""

_TO_ALERT = {("gesture", "help"), ("activity", "no_motion"), ("activity", "absence"), ("activity", "bed_not_returned")}
"""(kind, stage) of events other than falls that somebody must hear of: they were configured for that."""

_GRAVITY = ("suspected", "unknown", "confirmed", "found_down", "long_lie")
"""Open stages from light to grave: with several falls open, the gravest is shown."""


class _OpenFall(msgspec.Struct):
    alert_id: str
    stage: str
    started: str


class AlertDesk:
    """Turns the events of all cameras that somebody must hear of into alerts and latched states. Used by one thread."""

    def __init__(self, device: str, store: AlertStore, model: Mapping[str, Any] | None = None) -> None:
        self.model = dict(model) if model else None
        self._device = device
        self._store = store
        self._open: dict[str, dict[object, _OpenFall]] = {}

    def take(self, camera: str, event: Event, pose: Pose | None = None) -> Alert:
        """Record the alert of one event; pose: the person at that moment.

        The stages of one fall share an id until it is closed. An event without an episode (a call for help, a frame
        rate too low to judge falls) stands for itself and latches nothing.
        """
        falls = self._open.setdefault(camera, {})
        fall = falls.get(event.episode) if event.episode is not None else None
        kind: AlertType = "update" if fall else "new"
        if fall is None:
            started_t = event.t if event.started_t is None else event.started_t
            known = event.episode if isinstance(event.episode, str) else uuid7()
            fall = _OpenFall(known, event.stage, rfc3339(wall_ms(started_t)))
            if event.episode is not None:
                falls[event.episode] = fall
        fall.stage = event.stage
        if event.stage in _CLOSING:
            kind = "end"
            falls.pop(event.episode, None)
        alert = self._alert(camera, event, pose, kind, fall)
        self._store.append(alert)
        return alert

    def state(self, camera: str) -> FallState:
        """The latched state of a camera: ON while a fall is open."""
        falls = self._open.get(camera)
        if not falls:
            return FallState("OFF")
        gravest = max(falls.values(), key=lambda fall: _gravity(fall.stage))
        return FallState("ON", gravest.stage, gravest.alert_id)

    def _alert(self, camera: str, event: Event, pose: Pose | None, kind: AlertType, fall: _OpenFall) -> Alert:
        captured = rfc3339(wall_ms(event.t))
        evidence = dict(event.evidence)
        drill = bool(evidence.pop("drill", False))
        return Alert(
            schema="edgepose.alert/1",
            id=fall.alert_id,
            seq=self._store.next_seq(),
            device=self._device,
            type=kind,
            event_type=event_type(event.stage),
            severity=_SEVERITY.get(event.stage, "warning"),
            cam=slug(camera),
            zone=event.zone,
            track_id=event.track_id,
            score=round(float(event.score), 3),
            started=fall.started,
            ended=captured if kind == "end" else None,
            captured=captured,
            mono_ms=round(event.t * 1000),
            clock=Clock(is_synced()),
            evidence=evidence,
            pose=None if pose is None else rounded(pose.keypoints).ravel().tolist(),
            model=self.model,
            drill=drill,
        )


def to_alert(event: Event) -> bool:
    """Whether somebody must hear of an event."""
    return event.kind == "fall" or (event.kind, event.stage) in _TO_ALERT


def event_type(stage: str) -> str:
    """The word for a fall's stage in messages."""
    return f"fall_{stage}" if stage in _PREFIXED else stage


def _gravity(stage: str) -> int:
    return _GRAVITY.index(stage) if stage in _GRAVITY else 0
