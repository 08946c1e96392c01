"""`status` answers with the codes of monitoring, and never says well where nobody is watched."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from edgepose.cli import main
from edgepose.device import control
from edgepose.device.control import ControlSocket
from edgepose.device.requests import Requests
from edgepose.device.standing import judged


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch):
    """No service of this machine is asked."""
    monkeypatch.setattr(control, "SERVICE_FOLDER", tmp_path / "none")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))


def about(state: str = "online", idle_s: float | None = 0.1, **more: object) -> dict:
    day = {"day": "2026-01-31", "watched_s": 7200, "unwatched_s": {"offline": 61}}
    return {"watch": {"hall": {"state": state, "idle_s": idle_s, **day}}, "troubles": [], **more}


class Service:
    """A pipeline that says `said` of itself."""

    desk = None

    def __init__(self, said: dict) -> None:
        self._said = said

    def about(self) -> dict:
        return self._said


TROUBLE = {"code": "jsonl_failed", "camera": None, "since": "", "hint": "the disk is full"}


@pytest.mark.parametrize(
    ("said", "level", "words"),
    [
        (about(), "ok", ""),
        (about("offline"), "critical", "hall is offline"),
        (about("paused"), "warning", "hall is paused"),
        (about("reconnecting"), "warning", "hall is reconnecting"),
        (about(idle_s=None), "critical", "no frame of it was judged yet"),
        (about(idle_s=11.0), "critical", "judged for 11 s"),
        (about(troubles=[TROUBLE]), "warning", "the disk is full"),
        (about(broker_connected=False, alerts_waiting=3), "warning", "3 alerts wait"),
        ({"troubles": []}, "warning", "still starting"),
        ({"watch": {}, "troubles": []}, "critical", "no camera"),
    ],
)
def test_what_is_wrong_decides_the_level(said, level, words):
    found = judged(said)
    assert found.level == level and words in "".join(found.reasons) and bool(found.reasons) == (level != "ok")


def test_the_gravest_comes_first():
    reasons = judged(about("offline", troubles=[TROUBLE])).reasons
    assert "offline" in reasons[0] and "disk" in reasons[1]


@pytest.mark.parametrize(("state", "code"), [("online", 0), ("paused", 1), ("offline", 2)])
def test_the_exit_code_is_that_of_monitoring(tmp_path, capsys, state, code):
    with ControlSocket(tmp_path / control.NAME, Requests(Service(about(state)))):
        assert main(["status"]) == code
        lines = capsys.readouterr().out.splitlines()
        assert main(["status", "--json"]) == code
    assert lines[0].startswith("EDGEPOSE ") and lines[1] == f"hall: {state}, today watched 2 h 0 min, offline 0 h 1 min"
    assert json.loads(capsys.readouterr().out)["service"]["watch"]["hall"]["watched_s"] == 7200


def test_no_service_is_critical(capsys):
    assert main(["status"]) == 2 and "no service runs here" in capsys.readouterr().out


def test_what_answers_nonsense_is_unknown(tmp_path, capsys):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as foreign:
        foreign.bind(str(tmp_path / control.NAME))
        foreign.listen(2)
        foreign.settimeout(5)

        def answer() -> None:
            for _ in range(2):  # whether anybody is there, and the question
                peer, _ = foreign.accept()
                peer.sendall(b"HTTP/1.1 400 Bad Request\n") if peer.recv(4096) else None
                peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        assert main(["status"]) == 3 and "no EdgePose service" in capsys.readouterr().out
        thread.join(20)
