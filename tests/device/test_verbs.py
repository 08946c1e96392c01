"""`spool` and `alert` on a running service and on the file it left; everything wrong is one sentence."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import time
from pathlib import Path

import pytest
from test_control import Fake

from edgepose.alerts.database import VERSION
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.spool import Spool
from edgepose.cli import main
from edgepose.clock import uuid7
from edgepose.device import control
from edgepose.device.control import ControlSocket
from edgepose.device.requests import Requests
from edgepose.types import Event


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch):
    """No service of this machine is asked."""
    monkeypatch.setattr(control, "SERVICE_FOLDER", tmp_path / "none")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.db"


def falls(desk: AlertDesk, n: int) -> list[str]:
    made = []
    for _ in range(n):
        now = time.monotonic()
        made.append(desk.take("hall", Event("fall", "confirmed", now, started_t=now - 1, episode=uuid7())).id)
    return made


@pytest.fixture(params=["service", "file"])
def ids(request, path: Path):
    """Three falls that wait, in a service that runs or in the file that one left."""
    desk = AlertDesk("jetson", Spool(path))
    made = falls(desk, 3)
    if request.param == "file":
        desk.store.close()
        yield made
        return
    with ControlSocket(path.parent / control.NAME, Requests(Fake(desk, takes=False))):
        yield made
    desk.store.close()


def said(capsys, *words: str) -> dict:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_waits_is_listed(ids, capsys):
    report = said(capsys, "spool", "ls", "-n", "2")
    assert report["waiting"] == 3 and [one["id"] for one in report["alerts"]] == ids[:2]
    assert main(["spool", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[-3:]] == ids and "fall_confirmed" in lines[-1]


def test_what_waits_is_exported(ids, tmp_path, capsys):
    assert main(["spool", "export"]) == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ids
    place = tmp_path / "waiting.jsonl"
    assert main(["spool", "export", "-o", str(place)]) == 0
    assert [json.loads(line)["seq"] for line in place.read_text().splitlines()] == [0, 1, 2]
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    capsys.readouterr()
    assert len(said(capsys, "spool", "export")["alerts"]) == 3


def test_more_than_a_page_is_exported_whole(path, capsys):
    desk = AlertDesk("jetson", Spool(path))
    made = falls(desk, 120)
    with ControlSocket(path.parent / control.NAME, Requests(Fake(desk))):
        assert [one["id"] for one in said(capsys, "spool", "export")["alerts"]] == made
    desk.store.close()


def test_an_incident_is_listed_shown_and_closed_with_who(ids, capsys):
    assert [one["id"] for one in said(capsys, "alert", "ls", "--open")["incidents"]] == ids[::-1]
    shown = said(capsys, "alert", "show", ids[1])
    assert (shown["seconds"]["confirmed"], shown["alerts_waiting"]) == (1.0, [1])
    ended = said(capsys, "alert", "clear", ids[1], "--as", "false_alarm", "--by", "anna")
    assert (ended["action"], ended["by"]) == ("false_alarm", "anna") and ended["closed"]
    assert [one["id"] for one in said(capsys, "alert", "ls", "--open")["incidents"]] == [ids[2], ids[0]]
    assert said(capsys, "spool", "ls")["waiting"] == 4  # the end is an alert, too
    assert main(["alert", "clear", ids[1]]) == 1
    assert "ended already" in capsys.readouterr().err


def test_incidents_are_exported(ids, tmp_path, capsys):
    place = tmp_path / "incidents.jsonl"
    assert main(["alert", "export", "-o", str(place)]) == 0
    assert {json.loads(line)["id"] for line in place.read_text().splitlines()} == set(ids)


@pytest.mark.parametrize("verb", ["show", "clear"])
def test_an_unknown_incident_is_a_sentence(ids, verb, capsys):
    assert main(["alert", verb, "nobody"]) == 1
    assert "knows no incident 'nobody'" in capsys.readouterr().err


def test_replay_asks_the_service_and_says_what_to_do_without_one(path, capsys):
    desk = AlertDesk("jetson", Spool(path))
    falls(desk, 2)
    fake = Fake(desk)
    with ControlSocket(path.parent / control.NAME, Requests(fake)):
        assert said(capsys, "spool", "replay")["offered_again"] == 2 and fake.urged == 1
    desk.store.close()
    assert main(["spool", "replay"]) == 1
    assert "start the service, or name a configuration" in capsys.readouterr().err


def test_a_file_that_is_named_is_read_though_a_service_runs(path, tmp_path, capsys):
    desk = AlertDesk("jetson", Spool(path))
    falls(desk, 1)
    copy = tmp_path / "copy.db"
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{copy}{ending}")
    falls(desk, 1)
    with ControlSocket(path.parent / control.NAME, Requests(Fake(desk))):
        assert said(capsys, "spool", "ls", "--spool", str(copy))["waiting"] == 1
        assert said(capsys, "spool", "ls", "--spool", str(path))["waiting"] == 2
        assert main(["alert", "clear", desk.store.incidents(1)[0].id, "--spool", str(path)]) == 1
        assert "in use by another EdgePose" in capsys.readouterr().err
    desk.store.close()


def test_a_spool_in_a_folder_that_is_read_only_can_be_read(path, tmp_path, capsys):
    desk = AlertDesk("jetson", Spool(path))
    falls(desk, 1)
    desk.store.close()
    folder = tmp_path / "read-only"
    folder.mkdir()
    shutil.copy(path, folder / "alerts.db")
    before = sorted(item.name for item in folder.iterdir())
    (folder / "alerts.db").chmod(0o400)
    folder.chmod(0o500)
    try:
        assert said(capsys, "spool", "ls", "--spool", str(folder / "alerts.db"))["waiting"] == 1
        assert sorted(item.name for item in folder.iterdir()) == before
    finally:
        folder.chmod(0o700)


def newer(path: Path) -> None:
    Spool(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={VERSION + 1}")
    db.close()


def damaged(path: Path) -> None:
    Spool(path).close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 20_000)


WRONG = {
    "none": (lambda path: None, "there is no alert spool"),
    "another file": (lambda path: path.write_text("hello, this is no database"), "is no alert spool"),
    "empty": (lambda path: path.write_bytes(b""), "of an older EdgePose"),
    "newer": (newer, "newer EdgePose"),
    "damaged": (damaged, "cannot be read"),
    "a folder": (lambda path: path.mkdir(), "is a directory"),
    "another database": (lambda path: sqlite3.connect(path).execute("CREATE TABLE a (b)"), "of an older EdgePose"),
}


@pytest.mark.parametrize("make, words", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("verb", [["spool", "ls"], ["spool", "export"], ["alert", "ls"], ["alert", "clear", "x"]])
def test_a_spool_that_cannot_be_read_is_one_sentence_and_stays_as_it_is(path, make, words, verb, capsys):
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert main(verb) == 1
    complaint = capsys.readouterr().err
    assert words in complaint and complaint.count("\n") == 1
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_service_of_another_user_is_a_sentence(tmp_path, monkeypatch, capsys):
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with ControlSocket(tmp_path / control.NAME, lambda line, stop: 1):
        monkeypatch.setattr(control.socket.socket, "connect", refused)
        assert main(["spool", "ls"]) == 1
        assert "use sudo" in capsys.readouterr().err


def test_a_drill_goes_through_the_service_that_runs(path, capsys):
    desk = AlertDesk("jetson", Spool(path))
    fake = Fake(desk)
    with ControlSocket(path.parent / control.NAME, Requests(fake)):
        report = said(capsys, "alert", "test", "--camera", "hall")
        assert report["handed_over"] and report["service_runs"] and desk.last_drill_ok
    desk.store.close()
