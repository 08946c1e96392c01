"""Files of a spool that are damaged while nobody uses them."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.errors import FileError
from edgepose.types import Event
from research.faults.outcome import Counts
from research.faults.rows import Found, row

ENDINGS = ("", "-wal", "-shm", ".ballast", ".lock")


@row(cycles=2000, needs="")
def damaged_spool(folder: Path, cycles: int) -> Found:
    """Bits flipped, blocks overwritten, files cut off or swapped, in database, log and the files beside them.

    The device opens what is left and records on; what cannot be read any more is counted, and is not the device's.
    """
    if Path("/dev/shm").is_dir():  # a disk would wait for every one of them
        with TemporaryDirectory(dir="/dev/shm") as quick:
            return _damaged(Path(quick), cycles)
    return _damaged(folder, cycles)


def _damaged(folder: Path, cycles: int) -> Found:
    whole = _some_spool(folder / "whole")
    rng, wrong, kept, refused = random.Random(16), [], 0, 0
    for k in range(cycles):
        place = folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole.parent, place)
        words = _damage(rng, place)
        try:
            kept += _usable(place / "alerts.db")
        except FileError as error:
            refused += 1
            if len(str(error)) > 400 or "\n" in str(error):
                wrong.append(f"case {k} ({words}): {error}")
        except Exception as error:
            wrong.append(f"case {k} ({words}): {error!r}")
    figures = {"refused_in_a_sentence": refused, "readable_of_50": round(kept / max(1, cycles - refused), 1)}
    return Found(Counts(), passed=not wrong, figures={**figures, "went_wrong": wrong[:5]} if wrong else figures)


def _some_spool(folder: Path) -> Path:
    """A spool of 50 alerts, half of them still in the log, as a power cut leaves it."""
    folder.mkdir(parents=True)
    live = folder.parent / "live" / "alerts.db"
    desk = AlertDesk("jetson", Spool(live))
    for k in range(50):
        t = time.monotonic()
        desk.take("hall", Event("fall", ("suspected", "confirmed")[k % 2], t, 1, 0.9, started_t=t, episode=uuid7()))
        if k == 25:
            db = sqlite3.connect(live)
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")
            db.close()
    for ending in ENDINGS:
        source = live.with_name(live.name + ending)
        if source.exists():
            shutil.copy(source, folder / source.name)
    desk.store.close()
    return folder / "alerts.db"


def _damage(rng: random.Random, place: Path) -> str:
    """Spoil one file; in words how."""
    files = sorted(place.iterdir())
    file = rng.choice([place / "alerts.db", place / "alerts.db-wal", *files])
    data = bytearray(file.read_bytes())
    kind = rng.choice(("flip", "flip", "flips", "block", "zeros", "cut", "empty", "swap", "grown"))
    at = rng.randrange(len(data)) if data else 0
    if kind == "flip" and data:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == "flips" and data:
        for _ in range(rng.randrange(2, 200)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "block":
        data[at : at + 4096] = rng.randbytes(min(4096, len(data) - at))
    elif kind == "zeros":
        data[at : at + 4096] = bytes(min(4096, len(data) - at))
    elif kind == "cut":
        del data[at:]
    elif kind == "empty":
        data.clear()
    elif kind == "grown":
        data += rng.randbytes(rng.randrange(1, 9000))
    elif kind == "swap":
        data = bytearray(rng.choice(files).read_bytes())
    file.write_bytes(data)
    return f"{file.name} {kind} at {at}"


def _usable(path: Path) -> int:
    """Use a spool as a device does, twice; how many of the alerts of before can be read."""
    desk = AlertDesk("jetson", Spool(path))
    try:
        before = {one.alert.seq for one in desk.store.batch(1000)}
        desk.interrupt("EdgePose did not run for a while")
        desk.state("hall")
        t = time.monotonic()
        sent = desk.take("hall", Event("fall", "confirmed", t, 1, 0.9, started_t=t, episode=uuid7()))
        assert sent.seq not in before, "a number was used twice"
        desk.store.incidents(100)
    finally:
        desk.store.close()
    again = Spool(path)
    try:
        assert sent.seq in {one.alert.seq for one in again.batch(2000)}, "what was recorded is not there"
        return len(before)
    finally:
        again.close()
