"""From events to alerts: one id for every fall, a place in a gapless sequence for every step, and the latch.

What is open stays open when the process ends, however it ends: the next one says that nobody watched, and closes it
only when somebody says so or nothing was heard for long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from edgepose.alerts.acknowledgement import CLOSES, Acknowledgement
from edgepose.alerts.calls import ACKNOWLEDGED, SECOND_WAY, SEVERITY, Call
from edgepose.alerts.chronicle import MOMENTS, Chronicle
from edgepose.alerts.mend import mended
from edgepose.alerts.message import Alert, AlertType, Clock, DrillState, FallState, rounded
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.store import AlertStore, Incident
from edgepose.alerts.timing import boot_id
from edgepose.clock import is_synced, rfc3339, uuid7, wall_ms
from edgepose.names import slug
from edgepose.types import Event, Pose, Track

_PREFIXED = ("suspected", "confirmed")
"""Stages whose event_type says `fall_`; the others are plain words."""

_CLOSING = ("recovered", "cleared")

_TO_ALERT = {("gesture", "help"), ("activity", "no_motion"), ("activity", "absence"), ("activity", "bed_not_returned")}
"""(kind, stage) of events other than falls that somebody must hear of: they were configured for that."""

_GRAVITY = ("suspected", "unknown", "confirmed", "found_down", "long_lie")
"""Open stages from light to grave: with several falls open, the gravest is shown."""


class AlertDesk:
    """Turns the events of all cameras that somebody must hear of into alerts and latched states.

    device: name of this device. store: where alerts and open incidents are kept. model: name and sha256 of the network.
    rooms: the room that a camera looks into, by the camera's name in topics. has_second_way: whether somebody looks at
    `calls`; went_second_way: whether one was taken there. Any thread may call any method; an alert that is returned is
    recorded.
    """

    def __init__(
        self,
        device: str,
        store: AlertStore,
        model: Mapping[str, Any] | None = None,
        options: AlertOptions | None = None,
        rooms: Mapping[str, str] | None = None,
    ) -> None:
        self.model = dict(model) if model else None
        self.store = store
        self.device = device
        self.has_second_way = False
        self.went_second_way = False
        self.options = options or AlertOptions()
        self._lock = threading.Lock()
        self._born: dict[tuple[str, object], str] = {}  # ids of falls whose rule gives numbers
        self._left: dict[str, float] = {}  # incidents that no rule looks after any more: when they are cleared
        self._again: dict[str, float] = {}  # incidents that nobody has seen: when they are announced again
        self._chronicle = Chronicle(store, rooms or {})
        for incident in store.open_incidents():
            self._left[incident.id] = time.monotonic() + self.options.clear_s
            self._again[incident.id] = time.monotonic() + self.options.again_s

    def take(self, camera: str, event: Event, pose: Pose | None = None) -> Alert:
        """Record the alert of one event; pose: the person at that moment.

        The stages of one fall share an id until it is closed. An event without an episode (a call for help) stands for
        itself and latches nothing. An event that cannot be sent as it is is
        mended first, and the alert's evidence says how (`mended`).
        """
        event, notes = mended(event, time.monotonic())
        if notes:
            event = replace(event, evidence={**event.evidence, "mended": list(notes)})
        with self._lock:
            return self._record(slug(camera), event, pose)

    def interrupt(self, why: str) -> list[Alert]:
        """Say of every open fall that nobody watches it now: when a process ends, and when the next one begins."""
        with self._lock:
            return [
                self._record(camera, _about(incident, "unknown", why=why))
                for camera, incidents in self._chronicle.open.items()
                for incident in list(incidents.values())
                if incident.stage != "unknown"
            ]

    def tend(self) -> list[Alert]:
        """What time alone brings about; call it now and then.

        Clears what no rule looks after any more (an earlier process left it open, a camera was paused, its picture has
        another size) and nobody spoke of since, and announces critical incidents again that
        nobody has seen, where `alerts.require_ack` asks for it.
        """
        now = time.monotonic()
        with self._lock:
            alerts = [
                self._record(incident.camera, _about(incident, "cleared", by="timeout"))
                for incident in self._due(self._left, now)
            ]
            if self.options.require_ack:
                for incident in self._due(self._again, now):
                    if incident.severity == "critical" and incident.seen is None:
                        alerts.append(
                            self._record(incident.camera, _about(incident, incident.stage, why="not seen yet"))
                        )
            return alerts

    def acknowledge(self, answer: Acknowledgement) -> Alert | None:
        """Take in what somebody answers: the alert that says so to everybody else; None where nothing is open of it.

        `seen` ends the announcing again and leaves the incident open; `helped` and `false_alarm` end it. Who and when
        is kept with the incident.
        """
        with self._lock:
            incident = self._chronicle.find_open(answer.alert_id)
            if incident is None:
                return None
            if CLOSES[answer.action]:
                return self._close(incident, answer.by, answer.action)
            words = {"action": answer.action, "by": answer.by}
            self._see(incident, answer.by)
            for other in incident.related:  # one fall that two cameras saw is announced no more by either
                if (one := self._chronicle.find_open(other)) is not None and one.seen is None:
                    self._see(one, answer.by)
            return self._record(incident.camera, _about(self._chronicle.recent[incident.id], incident.stage, **words))

    def clear(self, incident_id: str, by: str) -> Alert | None:
        """End an incident without saying how it went; None where it is not open."""
        with self._lock:
            incident = self._chronicle.find_open(incident_id)
            return None if incident is None else self._close(incident, by, "cleared")

    @property
    def last_drill_ok(self) -> str | None:
        """When a drill last reached somebody, RFC 3339; None before the first."""
        return self._chronicle.last_drill_ok

    def handed_over(self, alert: Alert) -> None:
        """Somebody took an alert: it leaves the store, and its incident keeps when that was."""
        self.store.release(alert.seq)
        with self._lock:
            self._chronicle.took(alert)

    def note(self, incident_id: str, moment: str) -> None:
        """Keep that something happened to an incident now, the first time."""
        with self._lock:
            incident = self._chronicle.recent.get(incident_id)
            if incident is not None and moment not in incident.seconds:
                self._chronicle.note(incident, moment)
                self.went_second_way |= moment == SECOND_WAY

    def incident(self, incident_id: str) -> Incident | None:
        """What is known of an incident, open or not."""
        with self._lock:
            known = self._chronicle.recent.get(incident_id)
        return known or self.store.incident(incident_id)

    def calls(self) -> list[Call]:
        """Critical incidents that nobody has answered, for a second way."""
        with self._lock:
            return self._chronicle.calls.waiting()

    def _close(self, incident: Incident, by: str, action: str) -> Alert:
        seconds = incident.seconds if action == "cleared" else self._chronicle.timed(incident, ACKNOWLEDGED)
        self._chronicle.keep(msgspec.structs.replace(incident, action=action, seconds=seconds))
        return self._record(incident.camera, _about(incident, "cleared", action=action, by=by))

    def _see(self, incident: Incident, by: str) -> None:
        seconds = self._chronicle.timed(incident, ACKNOWLEDGED)
        self._chronicle.keep(msgspec.structs.replace(incident, seen=by, action="seen", seconds=seconds))

    def _due(self, moments: dict[str, float], now: float) -> list[Incident]:
        """Open incidents whose moment has come; the moments of others are forgotten."""
        due = [(key, self._chronicle.find_open(key)) for key, at in moments.items() if at <= now] if moments else []
        for key, _ in due:
            del moments[key]
        return [incident for _, incident in due if incident is not None]

    def state(self, camera: str) -> FallState:
        """The latched state of a camera: ON while a fall is open that is no drill."""
        falls = [fall for fall in self._chronicle.open.get(slug(camera), {}).values() if not fall.drill]
        if not falls:
            return FallState("OFF")
        gravest = max(falls, key=lambda fall: _gravity(fall.stage))
        return FallState("ON", gravest.stage, gravest.id)

    def drill_state(self) -> DrillState:
        """Whether a drill is open, and when one last reached somebody."""
        drills = [one.id for falls in self._chronicle.open.values() for one in falls.values() if one.drill]
        return DrillState("ON" if drills else "OFF", drills[-1] if drills else None, self._chronicle.last_drill_ok)

    def _record(self, camera: str, event: Event, pose: Pose | None = None) -> Alert:
        incidents = self._chronicle.open.get(camera, {})
        number = (camera, event.episode)
        born = event.episode if isinstance(event.episode, str) else self._born.get(number) or uuid7()
        known = incidents.get(born)
        kind: AlertType = "update" if known else "new"
        ended = self._chronicle.recent.get(born)
        if known is None and ended is not None:  # its rule goes on after somebody ended it: the mark stays
            known = msgspec.structs.replace(ended, closed=None)
        elif known is None:
            started_t = event.t if event.started_t is None else event.started_t
            drill = bool(event.evidence.get("drill"))
            known = Incident(born, camera, event.stage, rfc3339(wall_ms(started_t)), drill=drill)
            known = self._chronicle.begin(known, event, started_t)
        known = msgspec.structs.replace(known, severity=SEVERITY.get(event.stage, "warning"))
        if event.stage in MOMENTS and event.stage not in known.seconds:
            known = self._chronicle.reached(known, event)
        captured = rfc3339(wall_ms(event.t))
        if event.stage in _CLOSING or event.episode is None:
            kind = "end" if event.stage in _CLOSING else kind
            by = event.evidence.get("by")
            now = msgspec.structs.replace(known, stage=event.stage, closed=captured, by=str(by) if by else known.by)
        else:
            now = msgspec.structs.replace(known, stage=event.stage)
        alert = self.store.record(lambda seq: self._alert(seq, event, pose, kind, now, captured), now)
        self._chronicle.put(now)
        if now.severity == "critical":
            self._chronicle.calls.begin(born)
        if now.closed is None:
            if event.stage == "unknown" and "why" in event.evidence:  # its rule is gone: nobody else will end it
                self._left[born] = time.monotonic() + self.options.clear_s
            self._born[number] = born
            self._again[born] = time.monotonic() + self.options.again_s
        else:
            self._born.pop(number, None)
            self._left.pop(born, None)
            self._again.pop(born, None)
        return alert

    def _alert(
        self, seq: int, event: Event, pose: Pose | None, kind: AlertType, incident: Incident, captured: str
    ) -> Alert:
        evidence = dict(event.evidence)
        evidence.pop("drill", None)
        return Alert(
            schema="edgepose.alert/1",
            id=incident.id,
            seq=seq,
            device=self.device,
            type=kind,
            event_type=event_type(event.stage),
            severity=incident.severity,
            cam=incident.camera,
            zone=event.zone,
            track_id=event.track_id,
            score=round(float(event.score), 3),
            started=incident.started,
            ended=captured if kind == "end" else None,
            captured=captured,
            mono_ms=round(event.t * 1000),
            clock=Clock(is_synced()),
            evidence=evidence,
            pose=None if pose is None else rounded(pose.keypoints).ravel().tolist(),
            model=self.model,
            boot=boot_id(),
            drill=incident.drill,
            related=incident.related,
        )


def _about(incident: Incident, stage: str, **words: str) -> Event:
    """What the desk itself has to say of an incident."""
    return Event("fall", stage, time.monotonic(), episode=incident.id, evidence=words)


def to_alert(event: Event) -> bool:
    """Whether somebody must hear of an event."""
    return event.kind == "fall" or (event.kind, event.stage) in _TO_ALERT


def pose_of(event: Event, tracks: Iterable[Track]) -> Pose | None:
    """The person an event is about, where the frame shows one."""
    return next((track.pose for track in tracks if track.id == event.track_id), None)


def event_type(stage: str) -> str:
    """The word for a fall's stage in messages."""
    return f"fall_{stage}" if stage in _PREFIXED else stage


def _gravity(stage: str) -> int:
    return _GRAVITY.index(stage) if stage in _GRAVITY else 0
