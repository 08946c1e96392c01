"""What is asked of a spool's file, by the service that owns it and by whoever only reads it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Container, Sequence
from typing import Any

import msgspec

from edgepose.alerts.message import Alert
from edgepose.alerts.store import Incident

log = logging.getLogger(__name__)

INCIDENT_COLUMNS = ", ".join(Incident.__struct_fields__)

_JSON = ("related", "seconds")
"""Columns of an incident that hold JSON."""


class Row(msgspec.Struct, frozen=True):
    """One alert that waits. recorded_ms: wall clock; mono_ms: monotonic clock of the boot `boot`."""

    alert: Alert
    recorded_ms: int
    mono_ms: int
    boot: str


class Queries:
    """Questions to one open database; used by one thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._decoder = msgspec.json.Decoder(Alert)

    def next_seq(self) -> int:
        return int(self._db.execute("SELECT seq FROM next").fetchone()[0])

    def open_incidents(self) -> list[Incident]:
        return self._incidents("WHERE closed IS NULL ORDER BY id")

    def incidents(self, n: int) -> list[Incident]:
        """The newest `n`, newest first."""
        return self._incidents("ORDER BY id DESC LIMIT ?", n)

    def incident(self, incident_id: str) -> Incident | None:
        found = self._incidents("WHERE id = ?", incident_id)
        return found[0] if found else None

    def skeletons(self, incident_id: str) -> bytes | None:
        """What was kept of an incident: gzip of lines of the recording format."""
        row = self._db.execute("SELECT lines FROM skeletons WHERE id = ?", (incident_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def _incidents(self, clause: str, *values: Any) -> list[Incident]:
        return [
            _incident(row) for row in self._db.execute(f"SELECT {INCIDENT_COLUMNS} FROM incidents {clause}", values)
        ]

    def page(self, after: int, n: int) -> list[Row]:
        """The first `n` alerts that wait with a number above `after`, without those that cannot be read."""
        rows = self._db.execute(
            "SELECT recorded_ms, mono_ms, boot, message FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?", (after, n)
        )
        found = []
        for recorded_ms, mono_ms, boot, message in rows:
            try:
                found.append(Row(self._decoder.decode(message), recorded_ms, mono_ms, boot))
            except msgspec.MsgspecError:
                continue
        return found

    def waiting(self, n: int, but: Container[int], urgent_since: tuple[str, int] | None = None) -> list[Row]:
        """The first `n` alerts by number; with (boot, mono_ms) only critical ones recorded since then."""
        where, values = "", ()
        if urgent_since is not None:
            where, values = "WHERE gravity = 2 AND boot = ? AND mono_ms >= ?", urgent_since  # type: ignore[assignment]
        rows: list[Row] = []
        unreadable: list[int] = []
        for seq, recorded_ms, mono_ms, boot, message in self._db.execute(
            f"SELECT seq, recorded_ms, mono_ms, boot, message FROM alerts {where} ORDER BY seq", values
        ):
            if seq in but:
                continue
            try:
                rows.append(Row(self._decoder.decode(message), recorded_ms, mono_ms, boot))
            except msgspec.MsgspecError as error:  # one that cannot be read must not stop those behind it
                log.warning("alert %s of the spool cannot be read and is let go: %s", seq, error)
                unreadable.append(seq)
            if len(rows) == n:
                break
        if unreadable:
            self.let_go(unreadable)
        return rows

    def let_go(self, seqs: Sequence[int]) -> None:
        """Called with alerts that cannot be read; whoever owns the file removes them."""

    def depth(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM alerts").fetchone()[0])


def columns_of(incident: Incident) -> tuple[Any, ...]:
    """An incident as values of INCIDENT_COLUMNS."""
    names = Incident.__struct_fields__
    values = zip(names, msgspec.structs.astuple(incident), strict=True)
    return tuple(msgspec.json.encode(value).decode() if name in _JSON else value for name, value in values)


def _incident(row: Sequence[Any]) -> Incident:
    values = dict(zip(Incident.__struct_fields__, row, strict=True))
    for name in _JSON:
        try:
            values[name] = msgspec.json.decode(values[name] or "null")
        except msgspec.MsgspecError:
            values[name] = None
    values |= {"drill": bool(values["drill"]), "related": values["related"] or [], "seconds": values["seconds"] or {}}
    return msgspec.convert(values, Incident)
