"""The newest incidents, open and ended, with the moments of each: what a family lives through, in seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from edgepose.alerts.calls import HANDED_OVER, SEVERITY, Calls, is_critical, seconds_since
from edgepose.alerts.message import Alert
from edgepose.alerts.related import Neighbours
from edgepose.alerts.store import AlertStore, Incident
from edgepose.types import Event

MOMENTS = ("suspected", "confirmed", "long_lie", "found_down", "recovered", "help")
"""Stages whose seconds since the impact are kept with the incident."""

_LIVE_S = 60.0
"""An event older than this is of a file, whose time is not the monotonic clock."""

_RECENT = 256
"""Incidents whose moments go on being kept after they ended, or after a restart."""


class Chronicle:
    """Incidents as they are now. Used under the desk's lock.

    recent: the newest by id. open: those without an end, by camera and id. calls: those nobody has answered.
    last_drill_ok: see AlertDesk.
    """

    def __init__(self, store: AlertStore, rooms: Mapping[str, str]) -> None:
        self.recent: dict[str, Incident] = {}
        self.open: dict[str, dict[str, Incident]] = {}
        self.calls = Calls(self.recent.get)
        self.last_drill_ok: str | None = None
        self._store = store
        self._impact_s: dict[str, float] = {}  # monotonic second of the impact
        self._neighbours = Neighbours(rooms)
        for incident in reversed(store.incidents(_RECENT)):
            self.recent[incident.id] = incident
            self.calls.restore(incident)
            if incident.drill and HANDED_OVER in incident.seconds:
                self.last_drill_ok = incident.started
        for incident in store.open_incidents():
            self.put(incident)

    def find_open(self, incident_id: str) -> Incident | None:
        return next((one[incident_id] for one in self.open.values() if incident_id in one), None)

    def put(self, incident: Incident) -> None:
        """Remember an incident as it is now."""
        self.recent[incident.id] = incident
        if incident.closed is None:
            self.open.setdefault(incident.camera, {})[incident.id] = incident
        else:
            self.open.get(incident.camera, {}).pop(incident.id, None)

    def keep(self, incident: Incident) -> None:
        """Remember it, here and in the store."""
        self.put(incident)
        self._store.keep(incident)

    def took(self, alert: Alert) -> None:
        """Somebody took an alert of it."""
        incident = self.recent.get(alert.id)
        if incident is None or HANDED_OVER in incident.seconds:
            return
        if is_critical(incident) and alert.severity != "critical":
            return
        if incident.drill:
            self.last_drill_ok = incident.started
        self.note(incident, HANDED_OVER)

    def note(self, incident: Incident, moment: str) -> None:
        """Something happened to it now."""
        self.keep(msgspec.structs.replace(incident, seconds=self.timed(incident, moment)))

    def timed(self, incident: Incident, moment: str) -> dict[str, float]:
        """The incident's seconds with a moment that is now; the first time counts."""
        impact_s = self._impact_s.get(incident.id)
        seconds = seconds_since(incident.started) if impact_s is None else time.monotonic() - impact_s
        return {moment: round(max(0.0, seconds), 2)} | incident.seconds

    def begin(self, incident: Incident, event: Event, started_t: float) -> Incident:
        """Note when a new incident began, and those of other cameras that are likely the same fall."""
        now, before_s = time.monotonic(), max(0.0, event.t - started_t)
        impact_s = started_t if 0 <= now - event.t < _LIVE_S else now - before_s
        self._impact_s[incident.id] = impact_s
        while len(self.recent) >= _RECENT:
            oldest = next((key for key, one in self.recent.items() if one.closed is not None), None)
            if oldest is None:
                break
            del self.recent[oldest]
            self._impact_s.pop(oldest, None)
        if event.kind != "fall" or event.episode is None or incident.drill:
            return incident
        related = self._neighbours.of(incident.camera, event.zone, impact_s, incident.id)
        for other in [self.recent[key] for key in related if key in self.recent]:
            self.keep(msgspec.structs.replace(other, related=[*other.related, incident.id]))
        return msgspec.structs.replace(incident, related=related)

    def reached(self, incident: Incident, event: Event) -> Incident:
        """The incident with the seconds to a stage; what was handed over before it was critical counts no more."""
        before_s = None if event.started_t is None else round(max(0.0, event.t - event.started_t), 2)
        seconds = self.timed(incident, event.stage) if before_s is None else {**incident.seconds, event.stage: before_s}
        if SEVERITY.get(event.stage) == "critical" and not is_critical(incident):
            seconds.pop(HANDED_OVER, None)
        return msgspec.structs.replace(incident, seconds=seconds)
