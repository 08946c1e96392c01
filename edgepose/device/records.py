"""Alerts that wait and incidents, for an operator: asked of the service that runs, else read from its spool's file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from edgepose.alerts.acknowledgement import Action
from edgepose.alerts.message import Alert
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.reading import reading
from edgepose.alerts.store import Incident
from edgepose.device.control import ask, running
from edgepose.device.requests import MOST, Clear, Incidents, OneIncident, Skeletons, TryAgain, Waiting, cleared
from edgepose.errors import ControlError

if TYPE_CHECKING:
    from edgepose.alerts.desk import AlertDesk
    from edgepose.publish.options import MqttOptions

SERVICE_SPOOL = Path("/var/lib/edgepose/alerts.db")
"""Where the unit keeps its alerts, as a person's shell, which has no STATE_DIRECTORY, finds it."""


class Records(Protocol):
    """place: where they come from, in words for a report. is_running: whether a service answers."""

    place: str
    is_running: bool

    def waiting(self, after: int = -1, n: int = MOST) -> tuple[int, list[Alert]]:
        """How many wait, and the first `n` with a number above `after`."""
        ...

    def incidents(self, n: int) -> list[Incident]:
        """The newest, newest first."""
        ...

    def incident(self, incident_id: str) -> Incident | None: ...

    def skeletons(self, incident_id: str) -> bytes | None:
        """Those around one: gzip of lines of the recording format."""
        ...

    def clear(self, incident_id: str, by: str, action: Action | None) -> Alert | None:
        """End an incident; None where it is not open."""
        ...

    def try_again(self) -> dict[str, int]:
        """Have everything that waits offered again now: how many that are, and what is known of them."""
        ...


def open_records(spool: str | None, options: AlertOptions, mqtt: MqttOptions) -> Records:
    """Those of a file that was named, else of the service that runs, else of the file it leaves behind.

    mqtt: the device's name, and where what waits in a file goes. ControlError where the service may not be asked.
    """
    service = None if spool else running()
    if service is not None:
        return Running(service)
    return InFile(Path(spool) if spool else options.spool_path or _left_behind(), mqtt)


def all_waiting(records: Records) -> Iterator[Alert]:
    """Every alert that waits, by number."""
    after, more = -1, True
    while more:
        _, alerts = records.waiting(after)
        yield from alerts
        more = bool(alerts)
        after = alerts[-1].seq if alerts else after


class Running:
    """Records of the running service."""

    is_running = True

    def __init__(self, socket: Path) -> None:
        self.place = str(socket)
        self._socket = socket

    def waiting(self, after: int = -1, n: int = MOST) -> tuple[int, list[Alert]]:
        found = self._ask(Waiting(after, n))
        return int(found["waiting"]), _read(found["alerts"], list[Alert])

    def incidents(self, n: int) -> list[Incident]:
        found: list[Incident] = _read(self._ask(Incidents(n)), list[Incident])
        return found

    def incident(self, incident_id: str) -> Incident | None:
        found: Incident | None = _read(self._ask(OneIncident(incident_id)), Incident | None)
        return found

    def skeletons(self, incident_id: str) -> bytes | None:
        found: bytes | None = _read(self._ask(Skeletons(incident_id)), bytes | None)
        return found

    def clear(self, incident_id: str, by: str, action: Action | None) -> Alert | None:
        found: Alert | None = _read(self._ask(Clear(incident_id, by, action)), Alert | None)
        return found

    def try_again(self) -> dict[str, int]:
        return {"offered_again": int(self._ask(TryAgain())["waiting"])}

    def _ask(self, request: msgspec.Struct) -> Any:
        return ask(self._socket, request)


class InFile:
    """Records of a spool's file, while no service runs."""

    is_running = False

    def __init__(self, path: Path, mqtt: MqttOptions) -> None:
        self.place = str(path)
        self._path = path
        self._mqtt = mqtt

    def waiting(self, after: int = -1, n: int = MOST) -> tuple[int, list[Alert]]:
        with reading(self._path) as spool:
            return spool.depth(), [row.alert for row in spool.page(after, n)]

    def incidents(self, n: int) -> list[Incident]:
        with reading(self._path) as spool:
            return spool.incidents(n)

    def incident(self, incident_id: str) -> Incident | None:
        with reading(self._path) as spool:
            return spool.incident(incident_id)

    def skeletons(self, incident_id: str) -> bytes | None:
        with reading(self._path) as spool:
            return spool.skeletons(incident_id)

    def clear(self, incident_id: str, by: str, action: Action | None) -> Alert | None:
        """The alert that says so waits in the file for the next start."""
        with self._desk() as desk:
            return cleared(desk, Clear(incident_id, by, action))

    def try_again(self) -> dict[str, int]:
        """They are handed over by this process."""
        from edgepose.publish.mqtt.hand_over import hand_over

        if not self._mqtt.url:
            raise ControlError(
                "no service runs here, and no broker is named: start the service, or name a configuration (--config)"
            )
        with self._desk() as desk:
            n = desk.store.depth()
            return {"offered_again": n, "handed_over": hand_over(self._mqtt, desk)}

    @contextmanager
    def _desk(self) -> Iterator[AlertDesk]:
        """The file's own desk, as the service would open it."""
        from edgepose.alerts.desk import AlertDesk
        from edgepose.alerts.spool import Spool
        from edgepose.names import slug

        with reading(self._path):  # a file that is none of ours is left alone
            pass
        spool = Spool(self._path)
        try:
            yield AlertDesk(slug(self._mqtt.device_name), spool)
        finally:
            spool.close()


def _left_behind() -> Path:
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(folder) / "alerts.db" if folder else SERVICE_SPOOL


def _read(found: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise ControlError(
            f"the running service answers in another form ({error}); is it of another version?"
        ) from None
