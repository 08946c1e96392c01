"""What an operator can ask of the running service, and how it answers: alerts that wait, incidents, a drill."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from edgepose.alerts.acknowledgement import Acknowledgement, Action
from edgepose.alerts.calls import ACKNOWLEDGED, HANDED_OVER, SECOND_WAY
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.clock import uuid7
from edgepose.errors import ControlError
from edgepose.types import Event

MOST = 50
"""Alerts of one answer: they may have 12 kB each."""

MOST_INCIDENTS = 1000

_LATCHED_S = 1.0
"""A drill is open for at least so long: states are told by their newest value, and a shorter one would not be seen."""

_POLL_S = 0.05


class Request(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """Base of all requests."""


class Waiting(Request, frozen=True, tag="waiting"):
    """Alerts that wait with a number above `after`."""

    after: int = -1
    n: int = MOST


class TryAgain(Request, frozen=True, tag="try_again"):
    """Offer everything that waits again, now."""


class Incidents(Request, frozen=True, tag="incidents"):
    """The newest incidents."""

    n: int = 20


class OneIncident(Request, frozen=True, tag="incident"):
    """What is known of one."""

    id: str


class Skeletons(Request, frozen=True, tag="skeletons"):
    """The skeletons around one."""

    id: str


class Clear(Request, frozen=True, tag="clear"):
    """End an incident. action: how it went, None where nobody says."""

    id: str
    by: str
    action: Action | None = None


class About(Request, frozen=True, tag="about"):
    """What runs the network, and what is wrong with the whole of it."""


class Scene(Request, frozen=True, tag="scene"):
    """What every camera shows now, and where the configuration is that zones are drawn for."""


class ReadAgain(Request, frozen=True, tag="read_again"):
    """Read the configuration again, as SIGHUP asks for."""


class Drill(Request, frozen=True, tag="drill"):
    """An alert that is marked as a drill, through everything that a real one goes through.

    hand_over_s: how long somebody has to take it. answer_s: how long a person has to answer it, 0 for nobody need.
    """

    camera: str
    hand_over_s: float = 10.0
    answer_s: float = 0.0


_DECODER = msgspec.json.Decoder(
    Waiting | TryAgain | Incidents | OneIncident | Skeletons | Clear | Drill | About | Scene | ReadAgain
)


class Carrier(Protocol):
    """The pipeline, as far as requests need it."""

    @property
    def desk(self) -> AlertDesk | None: ...

    def carry(self, alerts: Sequence[Alert]) -> None: ...

    def try_again(self) -> None: ...

    def about(self) -> Mapping[str, Any]: ...

    def scene(self) -> dict[str, Any]: ...


class Keeper(Protocol):
    """Who looks after the configuration, as far as requests need it."""

    @property
    def file(self) -> Path: ...

    def read_again(self) -> None: ...


class Requests:
    """Answers requests to one pipeline; may be called by several threads."""

    def __init__(self, carrier: Carrier, keeper: Keeper | None = None) -> None:
        """keeper: None where the configuration cannot be read again."""
        self._carrier = carrier
        self._keeper = keeper

    def __call__(self, line: bytes, stop: threading.Event) -> Any:
        """The answer as plain values; ControlError in a sentence, msgspec.MsgspecError where it is no request."""
        request = _DECODER.decode(line)
        if isinstance(request, About):
            return msgspec.to_builtins(self._carrier.about())
        if isinstance(request, Scene):
            return {**self._carrier.scene(), "config_file": str(self._keeper.file) if self._keeper else None}
        if isinstance(request, ReadAgain):
            if self._keeper is None:
                raise ControlError("this process does not read its configuration again; restart it")
            self._keeper.read_again()
            return {}
        desk = self._carrier.desk
        if desk is None:
            raise ControlError("the service carries no alerts: name a broker in mqtt.url, or it is still starting")
        if isinstance(request, Waiting):
            alerts = [one.alert for one in desk.store.page(request.after, max(1, min(MOST, request.n)))]
            return {"waiting": desk.store.depth(), "alerts": msgspec.to_builtins(alerts)}
        if isinstance(request, TryAgain):
            self._carrier.try_again()
            return {"waiting": desk.store.depth()}
        if isinstance(request, Incidents):
            return msgspec.to_builtins(desk.store.incidents(max(1, min(MOST_INCIDENTS, request.n))))
        if isinstance(request, OneIncident):
            return msgspec.to_builtins(desk.incident(request.id))
        if isinstance(request, Skeletons):
            return msgspec.to_builtins(desk.store.skeletons(request.id))
        if isinstance(request, Clear):
            alert = cleared(desk, request)
            if alert is not None:
                self._carrier.carry([alert])
            return msgspec.to_builtins(alert)
        return self._drill(desk, request, stop)

    def _drill(self, desk: AlertDesk, drill: Drill, stop: threading.Event) -> dict[str, Any]:
        """One id for all its steps: confirmed, handed over, answered where that is asked for, cleared."""
        began, evidence = time.monotonic(), {"drill": True, "cause": "edgepose alert test"}
        event = Event("fall", "confirmed", began, started_t=began, episode=uuid7(), evidence=evidence)
        alert = desk.take(drill.camera, event)
        self._carrier.carry([alert])
        handed_over = _reached(desk, alert.id, HANDED_OVER, drill.hand_over_s, stop)
        second = desk.has_second_way and _reached(desk, alert.id, SECOND_WAY, drill.hand_over_s, stop)
        answered = handed_over and drill.answer_s > 0 and _reached(desk, alert.id, ACKNOWLEDGED, drill.answer_s, stop)
        stop.wait(max(0.0, began + _LATCHED_S - time.monotonic()))
        end = desk.clear(alert.id, "the drill is over")
        if end is not None:
            self._carrier.carry([end])
        incident = desk.incident(alert.id)
        report = {"id": alert.id, "device": alert.device, "cam": alert.cam, "handed_over": handed_over}
        if desk.has_second_way:
            report["second_way"] = second
        if drill.answer_s > 0:
            report |= {
                "answered": answered,
                "answered_by": incident.seen or incident.by if incident and answered else None,
            }
        seconds = {name: value for name, value in (incident.seconds if incident else {}).items() if name != "confirmed"}
        return report | {"seconds": seconds, "last_drill_ok": desk.last_drill_ok}


def cleared(desk: AlertDesk, request: Clear) -> Alert | None:
    """The alert that says that an incident is over; None where it is not open."""
    if request.action is None:
        return desk.clear(request.id, request.by)
    return desk.acknowledge(Acknowledgement(request.id, request.action, request.by))


def _reached(desk: AlertDesk, incident_id: str, moment: str, within_s: float, stop: threading.Event) -> bool:
    """Wait until an incident has reached a moment; False where it did not in time, or the service ends."""
    deadline = time.monotonic() + min(within_s, 600.0)
    while time.monotonic() < deadline:
        incident = desk.incident(incident_id)
        if incident is not None and moment in incident.seconds:
            return True
        if stop.wait(_POLL_S):
            return False
    return False
