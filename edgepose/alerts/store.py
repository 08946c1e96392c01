"""Where alerts wait until somebody has them, and what is known of incidents that are still open.

An alert passes three gates with three names: recorded (a store has it), handed over (somebody took it from there),
seen (a person acknowledged it). The store in memory lives as long as the process; `spool.py` is the one on disk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Protocol

import msgspec

from edgepose.alerts.message import Alert, Severity
from edgepose.health import Reason

FRESH_S = 60.0
"""A critical alert recorded no longer ago overtakes whatever waits."""


class Incident(msgspec.Struct, frozen=True):
    """One fall, or other thing that somebody must hear of, from its first alert to its end.

    id: its alerts' id. camera: as topics spell it. stage: the last one. started: RFC 3339 UTC. closed: when it ended,
    None while it is open. by: who ended it, as the last alert's evidence says. seen: who has seen it while it was open.
    severity: of its last alert; drill: whether it is one. action: what the last answer was (seen, helped, false_alarm,
    cleared), None without one. related: ids of incidents of other cameras that are likely the same fall. seconds: from
    the impact to each stage, handed_over (of its gravest alert), acknowledged, second_way.
    """

    id: str
    camera: str
    stage: str
    started: str
    closed: str | None = None
    by: str | None = None
    seen: str | None = None
    severity: Severity = "warning"
    drill: bool = False
    action: str | None = None
    related: list[str] = []
    seconds: dict[str, float] = {}


class StoredAlert(msgspec.Struct, frozen=True):
    """An alert that waits. since_s: monotonic second at which it was recorded, before 0 for one of an earlier boot."""

    alert: Alert
    since_s: float


_MOST_INCIDENTS = 1000
"""Kept in memory; those that ended go first."""

MakeAlert = Callable[[int], Alert]
"""Makes the alert, given its number."""


class AlertStore(Protocol):
    """Keeps alerts until they are handed over. Any thread may call any method."""

    def record(self, make: MakeAlert, incident: Incident) -> Alert:
        """Number, make and keep an alert and the incident as it is then; both are recorded when this returns."""
        ...

    def keep(self, incident: Incident) -> None:
        """Keep what changed of an incident without an alert."""
        ...

    def open_incidents(self) -> Sequence[Incident]:
        """Incidents without an end, oldest first."""
        ...

    def incidents(self, n: int) -> Sequence[Incident]:
        """The newest `n`, newest first."""
        ...

    def incident(self, incident_id: str) -> Incident | None:
        """The one of an id."""
        ...

    def keep_skeletons(self, incident_id: str, make: Callable[[], bytes]) -> None:
        """Keep the skeletons of an incident in the place of those of before; they are made when they are kept."""
        ...

    def skeletons(self, incident_id: str) -> bytes | None:
        """Those of an incident: gzip of lines of the recording format."""
        ...

    def page(self, after: int, n: int) -> Sequence[StoredAlert]:
        """The first `n` alerts that wait with a number above `after`."""
        ...

    def batch(self, n: int, but: Container[int] = ()) -> Sequence[StoredAlert]:
        """The next `n` alerts to hand over, without the numbers in `but`: fresh critical ones first, then by number."""
        ...

    def depth(self) -> int:
        """How many alerts wait."""
        ...

    def release(self, seq: int) -> None:
        """The alert was handed over."""
        ...

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """What is wrong with this store now."""
        ...

    def close(self) -> None:
        """Let go; closing twice is fine."""
        ...


class MemoryAlertStore:
    """Keeps alerts for the life of the process; numbers start at 0 with each. troubles: why it must do, if so."""

    def __init__(self, troubles: tuple[Reason, ...] = ()) -> None:
        self.troubles = troubles
        self._lock = threading.Lock()
        self._next = 0
        self._waiting: dict[int, StoredAlert] = {}
        self._incidents: dict[str, Incident] = {}

    def record(self, make: MakeAlert, incident: Incident) -> Alert:
        with self._lock:
            alert = make(self._next)
            self._waiting[alert.seq] = StoredAlert(alert, time.monotonic())
            self._next += 1
            self._put(incident)
            return alert

    def keep(self, incident: Incident) -> None:
        with self._lock:
            self._put(incident)

    def _put(self, incident: Incident) -> None:
        self._incidents[incident.id] = incident
        if len(self._incidents) > _MOST_INCIDENTS:
            ended = [one.id for one in self._incidents.values() if one.closed is not None]
            for one in ended[: len(self._incidents) - _MOST_INCIDENTS]:
                del self._incidents[one]

    def open_incidents(self) -> Sequence[Incident]:
        with self._lock:
            return [one for one in self._incidents.values() if one.closed is None]

    def incidents(self, n: int) -> Sequence[Incident]:
        with self._lock:
            return list(self._incidents.values())[: -n - 1 : -1]

    def incident(self, incident_id: str) -> Incident | None:
        with self._lock:
            return self._incidents.get(incident_id)

    def keep_skeletons(self, incident_id: str, make: Callable[[], bytes]) -> None:
        """Kept on disk only: memory is for what is on its way."""

    def skeletons(self, incident_id: str) -> bytes | None:
        return None

    def page(self, after: int, n: int) -> Sequence[StoredAlert]:
        with self._lock:
            return [one for seq, one in self._waiting.items() if seq > after][:n]

    def batch(self, n: int, but: Container[int] = ()) -> Sequence[StoredAlert]:
        with self._lock:
            return next_of(self._waiting.values(), n, but)

    def depth(self) -> int:
        return len(self._waiting)

    def release(self, seq: int) -> None:
        with self._lock:
            self._waiting.pop(seq, None)

    def close(self) -> None:
        """Nothing is held but memory."""


def next_of(waiting: Iterable[StoredAlert], n: int, but: Container[int]) -> list[StoredAlert]:
    """The order of handing over: fresh critical alerts before the rest, each by number."""
    fresh_s = time.monotonic() - FRESH_S
    ready = [one for one in waiting if one.alert.seq not in but]
    ready.sort(key=lambda one: (not is_urgent(one, fresh_s), one.alert.seq))
    return ready[:n]


def is_urgent(stored: StoredAlert, fresh_s: float) -> bool:
    """Whether an alert recorded after monotonic second `fresh_s` may overtake."""
    return stored.alert.severity == "critical" and stored.since_s >= fresh_s
