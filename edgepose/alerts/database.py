"""The spool's file: one SQLite database of alerts that wait and incidents, and what happens when it is damaged.

WAL with synchronous=FULL: what was committed is on the disk, also after a power cut. Used by one thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edgepose.alerts.queries import INCIDENT_COLUMNS, Queries, Row, columns_of
from edgepose.alerts.store import Incident
from edgepose.clock import NEVER_SET_MS
from edgepose.errors import FileError
from edgepose.files import reason
from edgepose.health import Reason, reason_now

log = logging.getLogger(__name__)

VERSION = 2
"""2: incidents keep the answer, what is related, and the seconds since the impact."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY, gravity INTEGER NOT NULL, recorded_ms INTEGER NOT NULL, mono_ms INTEGER NOT NULL,
    boot TEXT NOT NULL, message BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS incidents (
    id TEXT PRIMARY KEY, camera TEXT NOT NULL, stage TEXT NOT NULL, started TEXT NOT NULL, closed TEXT, by TEXT,
    seen TEXT, severity TEXT NOT NULL, drill INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    action TEXT, related TEXT NOT NULL DEFAULT '[]', seconds TEXT NOT NULL DEFAULT '{}');
CREATE TABLE IF NOT EXISTS skeletons (id TEXT PRIMARY KEY, lines BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS next (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
INSERT OR IGNORE INTO next VALUES (1, 0);
"""

_ADDED = {"action": "TEXT", "related": "TEXT NOT NULL DEFAULT '[]'", "seconds": "TEXT NOT NULL DEFAULT '{}'"}
"""Columns of incidents that version 1 did not have."""

KEEP_SKELETONS = 100
"""The newest incidents whose skeletons are kept: some 200 kB each with two people."""

GRAVITY = {"info": 0, "warning": 1, "critical": 2}


class Database(Queries):
    """One open spool file; it is locked against other processes until `close`.

    troubles: what was found and mended while opening. Raises FileError where the file cannot be used at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.troubles: tuple[Reason, ...] = ()
        self._lock = _lock(path)
        try:
            super().__init__(self._open())
        except BaseException:
            self._lock.close()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            return _connected(self.path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
                said = f"cannot use the alert spool '{self.path}' ({error}); make room, or name another"
                raise FileError(said) from None
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns() // 1_000_000}")
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self.path.with_name(self.path.name + ending).replace(aside.with_name(aside.name + ending))
        db = _connected(self.path)
        n = _salvage(aside, db)
        hint = f"the alert spool was damaged; {n} waiting alerts could be read, the file was set aside as {aside.name}"
        log.warning("%s", hint)
        self.troubles = (reason_now("spool_damaged", hint),)
        return db

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of the block, on the disk when it ends, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def add(self, row: Row) -> None:
        """Keep an alert under the next number."""
        values = (GRAVITY[row.alert.severity], row.recorded_ms, row.mono_ms, row.boot, msgspec.json.encode(row.alert))
        self._db.execute("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?)", (row.alert.seq, *values))
        self._db.execute("UPDATE next SET seq = max(seq, ?)", (row.alert.seq + 1,))

    def put_incident(self, incident: Incident) -> None:
        columns, values = f"{INCIDENT_COLUMNS}, changed_ms", (*columns_of(incident), _now_ms())
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO incidents ({columns}) VALUES ({marks})", values)

    def put_skeletons(self, incident_id: str, lines: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO skeletons VALUES (?, ?)", (incident_id, lines))

    def remove(self, seqs: Sequence[int]) -> None:
        self._db.executemany("DELETE FROM alerts WHERE seq = ?", [(seq,) for seq in seqs])

    def let_go(self, seqs: Sequence[int]) -> None:
        with self.writing():
            self.remove(seqs)

    def trim(self, most: int, keep_ms: int, boot: str) -> dict[str, int]:
        """Let alerts go that are older than `keep_ms`, and beyond `most` the oldest of the least grave; how many.

        The age of one of this boot is told by the monotonic clock, since the other may have been set meanwhile; one of
        an earlier boot whose clock was never set is as old as the moment at which this one first sees it.
        """
        now_ms, mono_ms = _now_ms(), round(time.monotonic() * 1000)
        unknown = (now_ms, boot, NEVER_SET_MS)
        if now_ms >= NEVER_SET_MS:
            self._db.execute("UPDATE alerts SET recorded_ms = ? WHERE boot <> ? AND recorded_ms < ?", unknown)
            self._db.execute("UPDATE incidents SET changed_ms = ? WHERE changed_ms < ?", (now_ms, NEVER_SET_MS))
        old = self._db.execute(
            "DELETE FROM alerts WHERE CASE boot WHEN ? THEN mono_ms < ? ELSE recorded_ms < ? END",
            (boot, mono_ms - keep_ms, now_ms - keep_ms),
        ).rowcount
        self._db.execute("DELETE FROM incidents WHERE closed IS NOT NULL AND changed_ms < ?", (now_ms - keep_ms,))
        self._db.execute(
            "DELETE FROM skeletons WHERE id NOT IN (SELECT id FROM incidents ORDER BY id DESC LIMIT ?)",
            (KEEP_SKELETONS,),
        )
        gone = {"old": max(0, old)}
        beyond = self.depth() - most
        if beyond > 0:
            chosen = "SELECT seq FROM alerts ORDER BY gravity, seq LIMIT ?"
            critical = f"SELECT count(*) FROM alerts WHERE gravity = 2 AND seq IN ({chosen})"
            gone["critical"] = int(self._db.execute(critical, (beyond,)).fetchone()[0])
            gone["beyond"] = self._db.execute(f"DELETE FROM alerts WHERE seq IN ({chosen})", (beyond,)).rowcount
        return gone

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        self._lock.close()


def _connected(path: Path) -> sqlite3.Connection:
    """The database in working order; sqlite3.DatabaseError where it is not."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.close(handle)
    except OSError as error:
        raise FileError(f"cannot use the alert spool '{path}' ({reason(error)}); name another place") from None
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
    try:
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check found damage")
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise FileError(
                f"the alert spool '{path}' was written by a newer EdgePose (format {version}, not {VERSION}); "
                "update EdgePose, or name another file"
            )
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA journal_size_limit=1048576")
        db.executescript(_SCHEMA)
        there = {row[1] for row in db.execute("PRAGMA table_info(incidents)")}
        for name, kind in _ADDED.items():
            if name not in there:
                db.execute(f"ALTER TABLE incidents ADD COLUMN {name} {kind}")
        db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("SELECT seq FROM next").fetchone()[0]
    except BaseException:
        db.close()
        raise
    return db


def _is_damage(error: sqlite3.OperationalError) -> bool:
    """Whether an operational error speaks of the file's content rather than of the disk or a lock."""
    return any(word in str(error) for word in ("malformed", "no such", "not a database", "corrupt", "has no column"))


def _salvage(damaged: Path, db: sqlite3.Connection) -> int:
    """Copy what can be read of a damaged file; how many alerts that were."""
    n = 0
    for table in ("next", "incidents", "skeletons", "alerts"):
        for columns, row in _readable(damaged, table):
            marks = ", ".join("?" * len(row))
            with contextlib.suppress(sqlite3.Error):
                db.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", row)
                n += table == "alerts"
    highest = db.execute("SELECT max(seq) FROM alerts").fetchone()[0]
    if highest is not None:
        db.execute("UPDATE next SET seq = max(seq, ?)", (highest + 1,))
    return n


def _readable(path: Path, table: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            rows = db.execute(f"SELECT * FROM {table}")
            columns = ", ".join(one[0] for one in rows.description if one[0].isidentifier())
            for row in rows:
                yield columns, row
    except sqlite3.Error:
        return


def _lock(path: Path) -> Any:
    """Hold the spool for this process; FileError where another one has it."""
    place = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.fdopen(os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")
    except OSError as error:
        raise FileError(f"cannot use the alert spool '{path}' ({reason(error)}); name another place") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FileError(
            f"the alert spool '{path}' is in use by another EdgePose; stop that, or name another in alerts.spool"
        ) from None
    return file


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
