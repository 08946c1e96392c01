"""Recorded means recorded: through kills, copies, damage, full disks and other processes."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alert_kit import desk, fall, recording_process, uuid7, waiting
from msgspec.structs import replace

from edgepose.alerts import database, spool
from edgepose.alerts.spool import Spool
from edgepose.errors import ClosedError, FileError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "alerts.db"


def test_what_was_recorded_is_there_again_with_its_number(path: Path):
    one = desk(path)
    sent = [one.take("hall", fall("confirmed", uuid7())) for _ in range(3)]
    one.store.close()
    again = desk(path)
    assert [item.alert for item in again.store.batch(9)] == sent
    assert again.take("hall", fall("confirmed", uuid7())).seq == 3
    again.store.close()


def test_what_was_handed_over_does_not_come_back_and_its_number_is_not_used_again(path: Path):
    one = desk(path)
    for _ in range(3):
        one.take("hall", fall("confirmed", uuid7()))
    one.store.release(0)
    one.store.release(2)
    assert waiting(one.store) == [1] and one.store.depth() == 1
    one.store.close()
    again = desk(path)
    assert waiting(again.store) == [1]
    assert again.take("hall", fall("recovered")).seq == 3
    again.store.close()


@pytest.mark.parametrize("cycle", range(2))
def test_a_kill_at_any_moment_loses_nothing_that_was_recorded(path: Path, cycle: int):
    recorded: list[int] = []
    for _ in range(3):
        process = recording_process(path)
        assert process.stdout is not None
        killer = threading.Timer(random.Random(cycle).uniform(0.5, 0.9), process.kill)
        recorded.append(int(process.stdout.readline()))
        killer.start()
        recorded += [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
    assert recorded == sorted(recorded) and len(recorded) > 10
    store = Spool(path)
    there = waiting(store)
    store.close()
    assert set(recorded) <= set(there)
    assert there == list(range(len(there)))  # gapless, through every restart


def test_a_copy_of_the_files_at_any_moment_holds_what_was_recorded_by_then(path: Path, tmp_path: Path):
    one, recorded, stop = desk(path), [], threading.Event()

    def record() -> None:
        while not stop.is_set():
            recorded.append(one.take("hall", fall("confirmed", uuid7())).seq)

    writer = threading.Thread(target=record)
    writer.start()
    copies = []
    for k in range(5):
        time.sleep(0.05)
        by_then = list(recorded)
        place = tmp_path / f"copy{k}" / "alerts.db"
        place.parent.mkdir()
        for ending in ("", "-wal"):  # the log last: what it holds is newer than the database
            shutil.copy(f"{path}{ending}", f"{place}{ending}")
        copies.append((place, by_then))
    stop.set()
    writer.join()
    one.store.close()
    for place, by_then in copies:
        store = Spool(place)
        assert set(by_then) <= set(waiting(store))
        store.close()


def test_a_fresh_critical_alert_overtakes_a_backlog_of_an_earlier_boot(path: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as earlier:
        earlier.setattr("edgepose.alerts.spool.boot_id", lambda: "earlier")
        one = desk(path)
        for _ in range(50):
            one.take("hall", fall("confirmed", uuid7()))
        one.store.close()
    again = desk(path)
    again.take("hall", fall("suspected", uuid7()))
    again.take("hall", fall("confirmed", uuid7()))
    assert [item.alert.seq for item in again.store.batch(3)] == [51, 0, 1]
    assert [item.alert.seq for item in again.store.batch(3, {51, 0})] == [1, 2, 3]
    again.store.close()


def test_open_incidents_survive_and_closed_ones_do_not_open_again(path: Path):
    one, still, over = desk(path), uuid7(), uuid7()
    for episode in (still, over):
        one.take("hall", fall("confirmed", episode))
    one.take("hall", fall("recovered", over))
    one.store.close()
    again = desk(path)
    assert [incident.id for incident in again.store.open_incidents()] == [still]
    assert again.state("hall").alert_id == still
    again.store.close()


def test_the_file_is_for_its_owner_only_and_links_are_not_followed(path: Path, tmp_path: Path):
    one = desk(path)
    one.take("hall", fall("confirmed", uuid7()))
    assert {stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()} == {0o600}
    one.store.close()
    linked = tmp_path / "linked.db"
    linked.symlink_to(path)
    with pytest.raises(FileError, match="name another place"):
        Spool(linked)


def test_two_processes_do_not_share_a_spool(path: Path):
    store = Spool(path)
    with pytest.raises(FileError, match="in use by another EdgePose"):
        Spool(path)
    store.close()
    Spool(path).close()


@pytest.mark.parametrize("damage", ["garbage", "middle", "truncated", "empty table"])
def test_a_damaged_spool_is_set_aside_and_what_can_be_read_goes_on(path: Path, damage: str):
    one = desk(path)
    for _ in range(40):
        one.take("hall", fall("confirmed", uuid7(), words="x" * 300))
    one.store.close()
    if damage == "garbage":
        path.write_bytes(os.urandom(20_000))
    elif damage == "middle":
        data = bytearray(path.read_bytes())
        data[len(data) // 2 : len(data) // 2 + 5000] = os.urandom(5000)
        path.write_bytes(data)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        db = sqlite3.connect(path)
        db.execute("DELETE FROM next")
        db.execute("DROP TABLE incidents")
        db.commit()
        db.close()
    again = desk(path)
    sent = again.take("hall", fall("confirmed", uuid7()))
    there = waiting(again.store)
    assert sent.seq in there and len(there) == len(set(there))
    if damage != "empty table":
        assert [one.code for one in again.store.troubles] == ["spool_damaged"]
        assert any("damaged" in item.name for item in path.parent.iterdir())
    again.store.close()


def test_an_alert_that_cannot_be_read_does_not_stop_those_behind_it(path: Path):
    one = desk(path)
    for _ in range(3):
        one.take("hall", fall("confirmed", uuid7()))
    one.store.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE alerts SET message = ? WHERE seq = 0", (b'{"schema": 7}',))
    db.commit()
    db.close()
    again = desk(path)
    assert waiting(again.store) == [1, 2] and waiting(again.store) == [1, 2]
    again.store.close()


def test_a_spool_of_a_newer_version_is_left_alone_and_named(path: Path):
    Spool(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={database.VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(FileError, match="newer EdgePose"):
        Spool(path)
    assert path.read_bytes() == before


FULL = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from msgspec.structs import replace
from alert_kit import desk, fall, uuid7
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
one = desk(Path(sys.argv[1]))
one.take("hall", fall("confirmed", uuid7()))
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
for _ in range(200):
    one.take("hall", fall("confirmed", uuid7(), words="x" * 400))
assert [t.code for t in one.store.troubles] == ["spool_full"], one.store.troubles
assert one.store.depth() == 201 and len(one.store.batch(500)) == 201
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
one.take("hall", fall("confirmed", uuid7()))
assert one.store.troubles == ()
one.store.close()
"""


def test_a_full_disk_keeps_alerts_in_memory_says_so_and_writes_them_when_there_is_room(path: Path):
    program = [sys.executable, "-c", FULL, str(path), str(Path(__file__).parent)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    store = Spool(path)
    assert waiting(store) == list(range(202))
    store.close()


def test_too_many_alerts_let_the_least_grave_and_oldest_go_first(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spool, "KEEP_MOST", 5)
    monkeypatch.setattr(spool, "_TRIM_S", 0.0)
    one = desk(path)
    for stage in (
        "confirmed",
        "recovered",
        "suspected",
        "confirmed",
        "recovered",
        "suspected",
        "confirmed",
        "confirmed",
    ):
        one.take("hall", fall(stage, uuid7()))
    one.take("hall", fall("confirmed", uuid7()))
    assert waiting(one.store) == [0, 3, 6, 7, 8]
    assert one.store.troubles == ()
    one.take("hall", fall("confirmed", uuid7()))
    assert [trouble.code for trouble in one.store.troubles] == ["spool_overflow"]
    one.store.close()


def test_twenty_thousand_waiting_alerts_take_little_memory_and_the_next_is_found_at_once(path: Path):
    one = desk(path)
    alert = one.take("hall", fall("suspected", uuid7()))
    with one.store._database.writing():  # as the owner does, without 20,000 commits
        for seq in range(1, 20_001):
            one.store._database.add(database.Row(replace(alert, seq=seq), time.time_ns() // 1_000_000, 0, "earlier"))
    one.store.close()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    again = desk(path)
    assert again.store.depth() == 20_001
    sent = again.take("hall", fall("confirmed", uuid7()))
    began = time.monotonic()
    assert again.store.batch(20)[0].alert.seq == sent.seq == 20_001
    assert time.monotonic() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5 * 1024  # kB
    again.store.close()


def test_a_disk_that_fails_under_a_running_spool_is_said_and_new_alerts_still_go_out(path: Path):
    one = desk(path)
    one.take("hall", fall("confirmed", uuid7()))
    database = one.store._database

    def broken(*_: object, **__: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    names = ("waiting", "page", "incidents", "incident", "skeletons", "add", "remove", "put_incident")
    for name in names:
        setattr(database, name, broken)
    assert one.store.batch(9) == []
    assert one.store.incident("none") is None and one.store.skeletons("none") is None
    fresh = one.take("hall", fall("confirmed", uuid7()))
    assert [item.alert.seq for item in one.store.batch(9)] == [fresh.seq]
    assert [item.alert.seq for item in one.store.page(-1, 9)] == [fresh.seq]
    assert "spool_unreadable" in {trouble.code for trouble in one.store.troubles}
    for name in names:
        delattr(database, name)
    one.store.close()
    again = desk(path)
    assert waiting(again.store) == [0, 1]
    again.store.close()


def test_a_closed_spool_says_so(path: Path):
    one = desk(path)
    one.store.close()
    one.store.close()
    with pytest.raises(ClosedError, match="closed"):
        one.take("hall", fall("confirmed", uuid7()))


def test_skeletons_that_are_still_being_made_are_waited_for(tmp_path: Path) -> None:
    with contextlib.closing(Spool(tmp_path / "alerts.db")) as spool:

        def made() -> bytes:
            time.sleep(0.3)
            return b"lines"

        spool.keep_skeletons("one", made)
        assert spool.skeletons("one") == b"lines"
        spool.keep_skeletons("two", lambda: 1 / 0)
        assert spool.skeletons("two") is None
