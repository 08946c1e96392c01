"""The service: what systemd is told, and when it is told nothing."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import pytest

from edgepose.device.service import Notifier, Progress, supervised


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """A service manager's socket; `manager.recv(...)` gives what was sent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        address = str(tmp_path / "notify")
        listening.bind(address)
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listening


def heard(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def heard_until_silence(manager: socket.socket) -> list[str]:
    manager.settimeout(0.2)
    words = []
    with suppress(TimeoutError):
        while True:
            words.append(heard(manager))
    return words


class Ticking(dict):
    """Counters that move at every look, except those of the frozen threads."""

    def __init__(self, *names: str) -> None:
        super().__init__(dict.fromkeys(names, 0))
        self.frozen: set[str] = set()

    def __call__(self) -> Ticking:
        for name in self:
            if name not in self.frozen:
                self[name] += 1
        return self


def test_ready_is_said_when_every_thread_runs_then_the_watchdog_is_fed_then_stopping(manager):
    counters = Ticking("capture hall", "infer", "group")
    counters.frozen = {"infer"}
    with supervised(counters):
        manager.settimeout(0.3)
        with pytest.raises(TimeoutError):
            heard(manager)
        counters.frozen = set()
        manager.settimeout(5)
        assert heard(manager).startswith("READY=1")
        assert heard(manager) == "WATCHDOG=1"
    assert "STOPPING=1" in heard_until_silence(manager)


@pytest.mark.parametrize("stage", ["capture hall", "infer", "group"])
def test_each_thread_that_hangs_is_noticed_and_named(stage):
    counters = Ticking("capture hall", "infer", "group")
    progress = Progress(counters, stall_s=10)
    assert progress.hanging(0.0) == []
    counters.frozen = {stage}
    assert progress.hanging(5.0) == []
    assert progress.hanging(10.5) == [stage]


def test_a_thread_that_ended_does_not_count_as_hanging():
    counters = Ticking("capture one", "capture two")
    progress = Progress(counters, stall_s=10)
    progress.hanging(0.0)
    del counters["capture one"]
    assert progress.hanging(60.0) == []


def test_a_hang_triggers_the_watchdog_and_ends_the_feeding(manager, monkeypatch):
    monkeypatch.setattr("edgepose.device.service.STALL_S", 0.1)
    monkeypatch.setattr("edgepose.device.service._BEAT_S", 0.02)
    monkeypatch.setattr("edgepose.device.service.Progress", lambda counters: Progress(counters, stall_s=0.1))
    counters = Ticking("infer")
    with supervised(counters):
        assert heard(manager).startswith("READY=1")
        counters.frozen = {"infer"}
        while (words := heard(manager)) == "WATCHDOG=1":
            pass
        assert words == "WATCHDOG=trigger\nSTATUS=hanging: infer"
        manager.settimeout(0.2)
        with pytest.raises(TimeoutError):
            heard(manager)


def test_without_a_service_manager_nothing_happens(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with supervised(lambda: pytest.fail("nobody asks for progress")):
        pass


def test_an_abstract_socket_is_reached():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"edgepose-test-{os.getpid()}"
        listening.bind("\0" + name)
        notifier = Notifier("@" + name)
        notifier.send("READY=1", "STATUS=x")
        assert listening.recv(100) == b"READY=1\nSTATUS=x"
        notifier.close()


def test_a_manager_that_is_gone_is_logged_and_nothing_more(tmp_path, caplog):
    notifier = Notifier(str(tmp_path / "nobody"))
    notifier.send("READY=1")
    assert "cannot be told READY=1" in caplog.text


def test_more_time_is_asked_for_until_the_network_has_answered(manager, monkeypatch):
    monkeypatch.setattr("edgepose.device.service._EXTEND_EVERY_S", 0.02)
    counters = {}
    with supervised(lambda: counters):  # nothing is open yet
        for _ in range(3):
            assert heard(manager) == "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=starting"
        counters["infer"] = 1
        while (words := heard(manager)).startswith("EXTEND"):
            pass
        assert words.startswith("READY=1")
        assert not any("EXTEND" in words for words in heard_until_silence(manager))


def test_a_start_that_hangs_is_not_given_time_for_ever(manager, monkeypatch):
    monkeypatch.setattr("edgepose.device.service._EXTEND_EVERY_S", 0.02)
    monkeypatch.setattr("edgepose.device.service.START_LIMIT_S", 0.15)
    with supervised(dict):
        assert heard(manager).startswith("EXTEND")
        assert len(heard_until_silence(manager)) < 20


def test_who_waits_for_the_first_picture_of_a_size_does_not_hang():
    counters = Ticking("capture hall", "infer", "group")
    progress = Progress(counters, stall_s=10)
    progress.hanging(0.0)
    counters.frozen = {"capture hall", "infer"}
    assert progress.hanging(5.0) == []
    assert progress.hanging(15.0, warming=True) == []
    assert progress.hanging(60.0, warming=True) == []
    assert progress.hanging(69.0) == []
    assert progress.hanging(70.5) == ["capture hall", "infer"]


def test_a_first_picture_that_never_ends_hangs():
    counters = Ticking("infer")
    progress = Progress(counters, stall_s=10)
    counters.frozen = {"infer"}
    assert progress.hanging(1.0, warming=True) == []
    assert progress.hanging(1200.0, warming=True) == []
    assert progress.hanging(1215.0, warming=True) == ["infer"]


def test_stopping_is_said_when_the_run_ends(manager):
    with supervised(dict) as stopping:
        stopping()
        assert heard(manager) == "STOPPING=1"
