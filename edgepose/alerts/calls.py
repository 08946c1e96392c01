"""Incidents that a person must hear of and has not answered yet: what a second way looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

import msgspec

from edgepose.alerts.message import Severity
from edgepose.alerts.store import Incident
from edgepose.clock import NEVER_SET_MS

SEVERITY: Mapping[str, Severity] = {
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

HANDED_OVER, ACKNOWLEDGED, SECOND_WAY = "handed_over", "acknowledged", "second_way"
"""Moments of an incident beside its stages, in `Incident.seconds`."""

_KEPT_S = 86_400.0
"""A call that nobody took for so long helps nobody any more."""


class Call(msgspec.Struct, frozen=True):
    """One incident that nobody has answered. since_s: monotonic second at which it became critical."""

    incident: Incident
    since_s: float

    @property
    def handed_over(self) -> bool:
        """Whether somebody took its gravest alert from the store."""
        return HANDED_OVER in self.incident.seconds


def is_critical(incident: Incident) -> bool:
    """Whether an incident ever reached a critical stage."""
    return any(SEVERITY.get(moment) == "critical" for moment in incident.seconds)


class Calls:
    """When each critical incident began to be one. Used under the desk's lock.

    find: the incident of an id as it is now, None where it is not known any more.
    """

    def __init__(self, find: Callable[[str], Incident | None]) -> None:
        self._find = find
        self._since: dict[str, float] = {}

    def restore(self, incident: Incident) -> None:
        """One of an earlier process."""
        if is_critical(incident):
            self._since[incident.id] = time.monotonic() - min(_KEPT_S, seconds_since(incident.started))

    def begin(self, incident_id: str) -> None:
        self._since.setdefault(incident_id, time.monotonic())

    def waiting(self) -> list[Call]:
        """Those that a second way may have to take, oldest first."""
        now = time.monotonic()
        for key, since_s in list(self._since.items()):
            incident = self._find(key)
            if incident is None or _is_over(incident) or now - since_s > _KEPT_S:
                del self._since[key]
        known = ((self._find(key), since_s) for key, since_s in self._since.items())
        return [Call(incident, since_s) for incident, since_s in known if incident is not None]


def _is_over(incident: Incident) -> bool:
    """A person answered, a second way took it, or it ended after somebody had heard of it."""
    heard = incident.closed is not None and HANDED_OVER in incident.seconds
    return heard or incident.action is not None or incident.seen is not None or SECOND_WAY in incident.seconds


def seconds_since(moment: str) -> float:
    """Seconds of wall time since an RFC 3339 moment, 0 where the clock was set back meanwhile, or not set then."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if then.timestamp() * 1000 < NEVER_SET_MS:
        return 0.0
    return max(0.0, (datetime.now(timezone.utc) - then).total_seconds())
