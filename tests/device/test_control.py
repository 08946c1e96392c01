"""The control socket answers its own user, in bounded time and size, and ends well."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from pathlib import Path

import msgspec
import pytest

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.store import MemoryAlertStore
from edgepose.clock import uuid7
from edgepose.device import control
from edgepose.device.control import ControlSocket, ask, own_path, running
from edgepose.device.requests import Clear, Drill, Incidents, OneIncident, Requests, TryAgain, Waiting
from edgepose.errors import ControlError
from edgepose.types import Event


class Fake:
    """A pipeline that hands every alert over at once, where `takes`."""

    def __init__(self, desk: AlertDesk | None, takes: bool = True) -> None:
        self.desk, self.takes, self.carried, self.urged = desk, takes, [], 0

    def carry(self, alerts) -> None:
        self.carried += alerts
        for alert in alerts if self.takes else ():
            self.desk.handed_over(alert)

    def try_again(self) -> None:
        self.urged += 1


@pytest.fixture
def fake() -> Fake:
    return Fake(AlertDesk("jetson", MemoryAlertStore(), rooms={}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def service(path: Path, fake: Fake):
    with ControlSocket(path, Requests(fake)) as one:
        yield one


def a_fall(fake: Fake, stage: str = "confirmed") -> str:
    return fake.desk.take("hall", Event("fall", stage, time.monotonic(), episode=uuid7())).id


def raw(path: Path, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        peer.sendall(data)
        return peer.recv(1 << 20)


def test_waiting_alerts_come_in_pages(service, path, fake):
    for _ in range(3):
        a_fall(fake)
    assert [one["seq"] for one in ask(path, Waiting(n=2))["alerts"]] == [0, 1]
    answer = ask(path, Waiting(after=1))
    assert answer["waiting"] == 3 and [one["seq"] for one in answer["alerts"]] == [2]


def test_an_incident_is_shown_and_closed_with_who_did(service, path, fake):
    born = a_fall(fake)
    assert ask(path, OneIncident(born))["stage"] == "confirmed" and ask(path, OneIncident("none")) is None
    end = ask(path, Clear(born, "anna", "false_alarm"))
    assert (end["type"], end["evidence"]) == ("end", {"action": "false_alarm", "by": "anna"})
    assert [one.type for one in fake.carried] == ["end"]
    (incident,) = ask(path, Incidents())
    assert (incident["action"], incident["by"]) == ("false_alarm", "anna") and incident["closed"]
    assert ask(path, Clear(born, "anna")) is None


def test_trying_again_is_passed_on(service, path, fake):
    a_fall(fake)
    assert ask(path, TryAgain()) == {"waiting": 1} and fake.urged == 1


def test_a_drill_is_one_id_through_all_its_steps(service, path, fake):
    report = ask(path, Drill("hall"), 20)
    assert report["handed_over"] and report["last_drill_ok"] and report["seconds"]["handed_over"] < 5
    assert [(one.id, one.type, one.drill) for one in fake.carried] == [
        (report["id"], "new", True),
        (report["id"], "end", True),
    ]
    assert fake.desk.drill_state().state == "OFF"


def test_a_drill_that_nobody_takes_says_so_and_ends(service, path, fake):
    fake.takes = False
    report = ask(path, Drill("hall", hand_over_s=0.2), 20)
    assert not report["handed_over"] and report["last_drill_ok"] is None
    assert fake.desk.drill_state().state == "OFF"


def test_a_drill_can_wait_for_a_person(service, path, fake):
    def answer() -> None:
        while not (drill := fake.desk.drill_state().alert_id):
            time.sleep(0.01)
        ask(path, Clear(drill, "anna", "helped"))

    threading.Thread(target=answer).start()
    report = ask(path, Drill("hall", answer_s=5), 20)
    assert (report["answered"], report["answered_by"]) == (True, "anna")


def test_a_drill_ends_when_the_service_does(path, fake):
    fake.takes = False
    with ControlSocket(path, Requests(fake)):
        asking = threading.Thread(target=lambda: ask(path, Drill("hall", hand_over_s=60), 70))
        asking.start()
        while fake.desk.drill_state().state == "OFF":
            time.sleep(0.01)
        began = time.monotonic()
    asking.join(20)
    assert time.monotonic() - began < 10 and not asking.is_alive()


NO_REQUESTS = {
    "nothing": b"\n",
    "no json": b"hello\n",
    "another": b'{"do": "explode"}\n',
    "wrong type": b'{"do": "incident", "id": 3}\n',
    "unknown field": b'{"do": "incidents", "m": 3}\n',
    "an action that is none": b'{"do": "clear", "id": "a", "by": "b", "action": "explode"}\n',
    "deep": b"[" * 5000 + b"\n",
    "no text": b"\xff\xfe\n",
}


@pytest.mark.parametrize("line", NO_REQUESTS.values(), ids=NO_REQUESTS.keys())
def test_what_is_no_request_is_answered_in_a_sentence_and_the_service_goes_on(service, path, fake, line):
    assert "error" in json.loads(raw(path, line))
    a_fall(fake)
    assert ask(path, Waiting())["waiting"] == 1


def test_a_request_without_end_is_cut_off(service, path):
    assert "one line" in json.loads(raw(path, b"x" * (control.MAX_REQUEST + 1)))["error"]


def test_whoever_says_nothing_is_let_go(service, path, monkeypatch):
    monkeypatch.setattr(control, "IDLE_S", 0.3)
    assert raw(path, b"") == b""


def test_more_than_four_at_once_are_told_to_come_again(service, path):
    peers = [socket.socket(socket.AF_UNIX) for _ in range(5)]
    for peer in peers:
        peer.connect(str(path))
    assert "try again" in json.loads(peers[4].recv(1000))["error"]
    for peer in peers:
        peer.close()


def test_an_answer_that_is_too_large_is_a_sentence(path, monkeypatch):
    monkeypatch.setattr(control, "MAX_ANSWER", 1000)
    with ControlSocket(path, lambda line, stop: "x" * 5000), pytest.raises(ControlError, match="less at once"):
        ask(path, Waiting())


def test_a_request_that_fails_leaves_the_service_running(path):
    with ControlSocket(path, lambda line, stop: 1 / 0):
        for _ in range(2):
            with pytest.raises(ControlError, match="its log says why"):
                ask(path, Waiting())


def test_a_service_without_alerts_says_what_to_do(path):
    with ControlSocket(path, Requests(Fake(None))), pytest.raises(ControlError, match=r"mqtt\.url"):
        ask(path, Waiting())


def test_only_the_owner_and_root_may_ask(service, path, monkeypatch):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setattr(control.os, "geteuid", lambda: 4242)
    monkeypatch.setattr(control, "_UCRED", Stranger())
    with pytest.raises(ControlError, match="own user and root"):
        ask(path, Waiting())


class Stranger:
    """A peer's credentials of another user."""

    size = control._UCRED.size

    def unpack(self, _: bytes) -> tuple[int, int, int]:
        return 1, 1234, 1234


def test_what_a_killed_service_left_is_taken_away_and_a_living_one_stays(path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with ControlSocket(path, lambda line, stop: 1):
        with pytest.raises(ControlError, match="already"):
            ControlSocket(path, lambda line, stop: 2)
        assert ask(path, Waiting()) == 1
    assert not path.exists()


def test_a_file_in_its_place_is_left_alone(path):
    path.write_text("mine")
    with pytest.raises(ControlError, match="something else"):
        ControlSocket(path, lambda line, stop: 1)
    assert path.read_text() == "mine"


def test_a_name_that_is_too_long_is_a_sentence(tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with pytest.raises(ControlError, match="cannot be made"):
        ControlSocket(folder / "control.sock", lambda line, stop: 1)


def test_who_asks_finds_the_service_that_runs_and_no_other(path, monkeypatch):
    monkeypatch.setattr(control, "SERVICE_FOLDER", path.parent / "none")
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert own_path() is None and running() is None
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(path.parent))
    assert own_path() == path and running() is None
    with ControlSocket(path, lambda line, stop: 1):
        assert running() == path
    with pytest.raises(ControlError, match="is it running"):
        ask(path, Waiting())


def test_what_is_no_service_is_a_sentence(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)

    def serve() -> None:
        for answer in (b"hello\n", b"[1]\n", b""):
            peer, _ = listener.accept()
            peer.recv(1000)
            peer.sendall(answer)
            peer.close()

    threading.Thread(target=serve, daemon=True).start()
    for _ in range(3):
        with pytest.raises(ControlError):
            ask(path, Waiting(), 2)
    listener.close()


def test_no_thread_and_no_descriptor_is_left(path):
    def left() -> tuple[set[threading.Thread], int]:
        """Threads that were not there before, and open descriptors; those of earlier tests may end meanwhile."""
        return set(threading.enumerate()) - threads, len(list(Path("/proc/self/fd").iterdir()))

    threads: set[threading.Thread] = set(threading.enumerate())
    _, descriptors = left()
    for _ in range(3):
        with ControlSocket(path, lambda line, stop: msgspec.json.decode(line)):
            ask(path, Waiting())
    deadline = time.monotonic() + 2
    while (left()[0] or left()[1] > descriptors) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left()[0] == set()
    assert left()[1] <= descriptors


def test_a_drill_proves_the_second_way_too(service, path, fake):
    fake.desk.has_second_way = True
    report = ask(path, Drill("hall", hand_over_s=0.2), 20)
    assert (report["handed_over"], report["second_way"]) == (True, False)
    fake.carry = lambda alerts: [fake.desk.note(one.id, moment) for one in alerts for moment in ("second_way",)]
    report = ask(path, Drill("hall", hand_over_s=0.2), 20)
    assert (report["handed_over"], report["second_way"]) == (False, True)
