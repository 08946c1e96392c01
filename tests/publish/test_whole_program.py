"""`edgepose run` as a service starts and ends it: what systemd and a subscriber on a real broker are told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from publish_scene import Mosquitto, wait_for
from subscriber import Subscriber

from edgepose.model import ModelSpec
from edgepose.types import Fields


class Service:
    """A running `edgepose run` with a broker, a subscriber and a service manager's socket."""

    def __init__(self, folder: Path, broker: Mosquitto, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(30)
        self.recording = folder / "out.jsonl"
        config = folder / "edgepose.toml"
        config.write_text(
            f'[model]\npath = "{an_empty_scene(folder)}"\nbackend.name = "replay"\n[[sources]]\nuri = "synthetic://"\n'
            f'[mqtt]\nurl = "{broker.url}"\ndevice = "jetson"\n[jsonl]\npath = "{self.recording}"\n'
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edgepose", "run", "--config", str(config)],
            env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")},
            stdout=subprocess.DEVNULL,
        )
        assert self.manager.recv(100).startswith(b"READY=1")
        assert wait_for(lambda: subscriber.raw("jetson/status") == [b"online"])

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.manager.close()


def an_empty_scene(folder: Path) -> Path:
    """A recording of one picture's fields with nobody in it."""
    from edgepose.backends.recording import RecordingWriter

    maps = np.zeros((19, 8, 8), np.float32), np.zeros((38, 8, 8), np.float32)
    with RecordingWriter(folder / "empty.npz", ModelSpec(name="empty"), (64, 64)) as recording:
        recording.append(Fields(*maps))
    return folder / "empty.npz"


@pytest.fixture
def service(tmp_path, broker) -> Iterator[Service]:
    with Subscriber(broker.port) as subscriber:
        running = Service(tmp_path, broker, subscriber)
        yield running
        running.close()


def test_sigterm_ends_it_within_two_seconds_with_goodbyes(service):
    assert wait_for(lambda: service.recording.stat().st_size > 0)
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(10)
    assert time.monotonic() - started < 6  # two seconds, and more where the machine is loaded
    assert service.process.returncode == 0
    assert wait_for(lambda: service.subscriber.raw("jetson/status") == [b"online", b"stopped"])
    service.manager.settimeout(0.2)
    words = []
    with pytest.raises(TimeoutError):
        while True:
            words.append(service.manager.recv(200))
    assert b"STOPPING=1" in words
    assert service.recording.read_bytes().endswith(b"\n")


def test_a_storm_of_sigterm_changes_nothing(service):
    for _ in range(20):
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.005)
    service.process.wait(10)
    assert service.process.returncode == 0
    assert wait_for(lambda: service.subscriber.raw("jetson/status")[-1] == b"stopped")


def test_kill_is_offline_by_the_last_will(service):
    service.process.kill()
    assert wait_for(lambda: service.subscriber.raw("jetson/status") == [b"online", b"offline"])


def test_the_watchdog_is_fed_while_it_runs(service):
    assert service.manager.recv(200) == b"WATCHDOG=1"
