"""The spool: alerts on disk until somebody has them, through crash, power cut and a broker that is away for days.

One thread owns the database; `record` returns when its alert is on the disk. Where the disk does not take it (full,
read-only, broken) the alert waits in memory instead, is written as soon as the disk takes it, and `trouble` says so.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from edgepose.alerts.database import Database
from edgepose.alerts.message import Alert
from edgepose.alerts.queries import Row
from edgepose.alerts.store import FRESH_S, Incident, MakeAlert, StoredAlert
from edgepose.alerts.timing import boot_id, corrected
from edgepose.errors import ClosedError
from edgepose.health import Reason, reason_now
from edgepose.workers import Worker

log = logging.getLogger(__name__)

T = TypeVar("T")

KEEP_DAYS = 7
KEEP_MOST = 50_000
"""Alerts older, or beyond so many, are let go, the least grave first."""

BALLAST_BYTES = 1 << 20
"""Kept beside the database and released when the disk is full: SQLite then refuses even to delete."""

_QUIET_S = 0.1
"""Moments of incidents go to the disk after so long without anything else, or with the next alert."""

_PACK_S = 2.0
"""Whoever asks for skeletons, or closes the spool, waits so long for those that are being made."""

_TRIM_S = 600.0
_FULL = "the disk takes no more alerts; they wait in memory and are lost if this device stops: make room"


class Spool:
    """The AlertStore on disk. Any thread may call any method; raises FileError where the file cannot be used."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._database = Database(self._path)
        self._ballast = self._path.with_name(f"{self._path.name}.ballast")
        self._troubles = {one.code: one for one in self._database.troubles}
        self._next = self._database.next_seq()
        self._depth = self._database.depth()
        self._unwritten: list[tuple[Row, Incident]] = []
        self._released: set[int] = set()
        self._changed: dict[str, Incident] = {}
        self._trim_due_s = 0.0
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._numbers = threading.Lock()
        self._closed = False
        self._packer: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._packing = Worker("skeletons", self._pack).start()
        self._owner = Worker("spool", self._serve).start()

    def record(self, make: MakeAlert, incident: Incident) -> Alert:
        with self._numbers:
            alert = make(self._next)
            self._next += 1
            row = Row(alert, time.time_ns() // 1_000_000, round(time.monotonic() * 1000), boot_id())
            written = self._ask(lambda: self._write(row, incident))
        written.result()
        return alert

    def keep(self, incident: Incident) -> None:
        self._ask(lambda: self._keep(incident))

    def open_incidents(self) -> Sequence[Incident]:
        return self._ask(self._database.open_incidents).result()

    def incidents(self, n: int) -> Sequence[Incident]:
        return self._ask(lambda: self._newest(n)).result()

    def incident(self, incident_id: str) -> Incident | None:
        def find() -> Incident | None:
            return self._pending().get(incident_id) or self._read(lambda: self._database.incident(incident_id))

        return self._ask(find).result()

    def keep_skeletons(self, incident_id: str, make: Callable[[], bytes]) -> None:
        if not self._closed:
            self._packer.put(partial(self._made, incident_id, make))

    def skeletons(self, incident_id: str) -> bytes | None:
        if not self._closed:
            written = threading.Event()
            self._packer.put(written.set)
            written.wait(_PACK_S)  # what was handed over before is made first
        return self._ask(lambda: self._read(lambda: self._database.skeletons(incident_id))).result()

    def page(self, after: int, n: int) -> Sequence[StoredAlert]:
        return self._ask(lambda: self._page(after, n)).result()

    def batch(self, n: int, but: Container[int] = ()) -> Sequence[StoredAlert]:
        return self._ask(lambda: self._batch(n, but)).result()

    def depth(self) -> int:
        return self._depth

    def release(self, seq: int) -> None:
        self._ask(lambda: self._release(seq))

    @property
    def troubles(self) -> tuple[Reason, ...]:
        return tuple(self._troubles.values())

    def close(self) -> None:
        """Write what still can be written and let the file go; closing twice is fine."""
        if not self._closed:
            self._packer.put(None)
            self._packing.join(_PACK_S)
            self._closed = True
            self._jobs.put(None)
            self._owner.join(5.0)

    def _ask(self, job: Callable[[], T]) -> Future[T]:
        if self._closed:
            raise ClosedError("this spool is closed; open it again")
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    def _serve(self, stop: threading.Event) -> None:
        while True:
            try:
                quiet_s = _QUIET_S if "spool_full" not in self._troubles else 50 * _QUIET_S
                item = self._jobs.get(timeout=quiet_s if self._changed else None)
            except Empty:  # what only changed of incidents keeps no alert waiting
                self._flush()
                continue
            if item is None:
                break
            job, future = item
            try:
                future.set_result(job())
            except BaseException as error:  # whoever asked is told; the owner goes on
                future.set_exception(error)
        self._flush()
        self._database.close()

    def _write(self, row: Row, incident: Incident) -> None:
        self._changed.pop(incident.id, None)  # this is newer
        self._unwritten.append((row, incident))
        self._depth += 1
        self._flush()

    def _release(self, seq: int) -> None:
        before = len(self._unwritten)
        self._unwritten = [one for one in self._unwritten if one[0].alert.seq != seq]
        if len(self._unwritten) == before:
            self._released.add(seq)
        self._depth = max(0, self._depth - 1)
        if self._jobs.empty() or len(self._released) >= 256:
            self._flush()

    def _keep(self, incident: Incident) -> None:
        self._unwritten = [(row, incident if one.id == incident.id else one) for row, one in self._unwritten]
        self._changed[incident.id] = incident
        if len(self._changed) >= 256:
            self._flush()

    def _pack(self, stop: threading.Event) -> None:
        """Make skeletons, which takes tens of milliseconds, while the owner is free for alerts."""
        while (job := self._packer.get()) is not None:
            job()

    def _made(self, incident_id: str, make: Callable[[], bytes]) -> None:
        try:
            lines = make()
        except Exception:
            log.exception("skeletons of incident %s were not kept", incident_id)
            return
        with contextlib.suppress(ClosedError):
            self._ask(partial(self._keep_skeletons, incident_id, lines))

    def _keep_skeletons(self, incident_id: str, lines: bytes) -> None:
        """They are worth less than an alert: a disk that does not take them is said, and no more."""
        try:
            with self._database.writing():
                self._database.put_skeletons(incident_id, lines)
        except sqlite3.Error as error:
            log.warning("alert spool '%s': skeletons of an incident were not kept: %s", self._path, error)

    def _pending(self) -> dict[str, Incident]:
        """Incidents whose newest form the disk has not taken yet."""
        return {**{one.id: one for _, one in self._unwritten}, **self._changed}

    def _newest(self, n: int) -> list[Incident]:
        stored = self._read(lambda: self._database.incidents(n)) or []
        found = {one.id: one for one in stored} | self._pending()
        return sorted(found.values(), key=lambda one: one.id, reverse=True)[:n]

    def _page(self, after: int, n: int) -> list[StoredAlert]:
        stored = self._read(lambda: self._database.page(after, n + len(self._released))) or []
        rows = [row for row in stored if row.alert.seq not in self._released]
        rows += [row for row, _ in self._unwritten if row.alert.seq > after]
        return [corrected(row) for row in sorted(rows, key=lambda row: row.alert.seq)[:n]]

    def _read(self, job: Callable[[], T]) -> T | None:
        """What the disk answers; None where it fails under us, so that what waits in memory still goes out."""
        try:
            return job()
        except sqlite3.Error as error:
            if "spool_unreadable" not in self._troubles:
                hint = f"alerts on disk cannot be read ({error}); new ones go out from memory; replace the disk"
                log.warning("alert spool '%s': %s", self._path, hint)
                self._troubles["spool_unreadable"] = reason_now("spool_unreadable", hint)
            return None

    def _flush(self) -> None:
        """Bring the disk up to date in one transaction; a full disk is given the ballast once."""
        if not (self._unwritten or self._released or self._changed) and time.monotonic() < self._trim_due_s:
            return
        for attempt in range(2):
            try:
                self._commit()
            except sqlite3.Error as error:
                if attempt or not self._drop_ballast():
                    if "spool_full" not in self._troubles:
                        log.warning("alert spool '%s': %s; %s", self._path, error, _FULL)
                        self._troubles["spool_full"] = reason_now("spool_full", _FULL)
                    return
            else:
                self._troubles.pop("spool_full", None)
                self._keep_ballast()
                return

    def _commit(self) -> None:
        with self._database.writing():
            self._database.remove(sorted(self._released))
            for row, incident in self._unwritten:
                self._database.add(row)
                self._database.put_incident(incident)
            for incident in self._changed.values():
                self._database.put_incident(incident)
            if time.monotonic() >= self._trim_due_s:
                self._trim()
        self._unwritten.clear()
        self._released.clear()
        self._changed.clear()

    def _trim(self) -> None:
        self._trim_due_s = time.monotonic() + _TRIM_S
        gone = self._database.trim(KEEP_MOST, KEEP_DAYS * 86_400_000, boot_id())
        if any(gone.values()):
            log.warning("alert spool '%s': let go of alerts that nobody took: %s", self._path, gone)
        if gone.get("critical"):
            hint = f"{gone['critical']} critical alerts were let go, since nobody has taken them; see who should"
            self._troubles["spool_overflow"] = reason_now("spool_overflow", hint)
        self._depth = self._database.depth()

    def _batch(self, n: int, but: Container[int]) -> list[StoredAlert]:
        fresh_ms = round((time.monotonic() - FRESH_S) * 1000)
        skip = _Either(but, self._released)
        rows = self._read(lambda: self._database.waiting(n, skip, (boot_id(), fresh_ms))) or []
        rows += [row for row, _ in self._unwritten if row.alert.seq not in but][: n - len(rows)]
        if len(rows) < n:
            taken = _Either(skip, {row.alert.seq for row in rows})
            rows += self._read(lambda: self._database.waiting(n - len(rows), taken)) or []
        return [corrected(row) for row in rows]

    def _drop_ballast(self) -> bool:
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def _keep_ballast(self) -> None:
        if self._ballast.exists():
            return
        with contextlib.suppress(OSError):
            handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(bytes(BALLAST_BYTES))


class _Either:
    """A container of what is in one of two."""

    def __init__(self, one: Container[int], other: Container[int]) -> None:
        self._both = one, other

    def __contains__(self, seq: object) -> bool:
        return seq in self._both[0] or seq in self._both[1]
