"""The start of a pipeline as a service manager sees it: ready when the network has answered, patient until then."""

from __future__ import annotations

import socket
import time

import pytest
from pipeline_fakes import GreyBackend, NotingPublisher, PicturesSource, picture

from edgepose import Pipeline
from edgepose.cli import main
from edgepose.device.service import supervised
from edgepose.errors import ModelError
from edgepose.look import Network


class SlowToStart(GreyBackend):
    """Takes a while for its first batch; `answered` is when that was done."""

    answered = 0.0

    def __init__(self, first_s: float) -> None:
        super().__init__()
        self._first_s = first_s

    def infer(self, batch):
        time.sleep(0 if self.answered else self._first_s)
        self.answered = self.answered or time.monotonic()
        return super().infer(batch)


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """A service manager that runs out of patience quickly; its socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        address = str(tmp_path / "notify")
        listening.bind(address)
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setattr("edgepose.device.service._BEAT_S", 0.02)
        monkeypatch.setattr("edgepose.device.service._EXTEND_EVERY_S", 0.1)
        yield listening


def test_ready_is_said_after_the_first_inference_and_time_is_asked_for_meanwhile(manager):
    backend = SlowToStart(0.6)
    source = PicturesSource([picture(1)] * 500, live=True, period_s=0.02)
    heard = []
    with (
        Pipeline(source=source, model=backend, rules=[], publishers=[NotingPublisher()]) as pipeline,
        supervised(lambda: pipeline.progress, lambda: pipeline.warming),
    ):
        pipeline.start(to_caller=False)
        while not heard or not heard[-1].startswith("READY"):
            heard.append(manager.recv(4096).decode())
        ready_at = time.monotonic()
    assert ready_at >= backend.answered > 0
    assert len(heard) > 2
    assert all(words.startswith("EXTEND_TIMEOUT_USEC=") for words in heard[:-1])


def test_a_camera_without_pictures_does_not_keep_the_service_from_being_ready(manager, monkeypatch):
    monkeypatch.setattr("edgepose.pipeline.threads.FIRST_PICTURE_S", 0.3)
    source = PicturesSource([], live=True, period_s=0.01)
    source.read = lambda timeout_s: time.sleep(0.01)
    with (
        Pipeline(source=source, model=SlowToStart(0), rules=[], publishers=[NotingPublisher()]) as pipeline,
        supervised(lambda: pipeline.progress, lambda: pipeline.warming),
    ):
        pipeline.start(to_caller=False)
        while not manager.recv(4096).startswith(b"READY"):
            pass


def test_a_late_first_picture_may_take_longer_than_a_thread_may_hang(manager, monkeypatch):
    monkeypatch.setattr("edgepose.pipeline.threads.FIRST_PICTURE_S", 0.1)
    monkeypatch.setattr("edgepose.device.service.Progress.__init__.__defaults__", (0.3,))
    backend = SlowToStart(1.2)
    source = PicturesSource([picture(1)] * 500, live=True, period_s=0.02)
    first = time.monotonic() + 0.5
    read = source.read
    source.read = lambda timeout_s: read(timeout_s) if time.monotonic() > first else time.sleep(0.01)
    heard = []
    with (
        Pipeline(source=source, model=backend, rules=[], publishers=[NotingPublisher()]) as pipeline,
        supervised(lambda: pipeline.progress, lambda: pipeline.warming),
    ):
        pipeline.start(to_caller=False)
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            heard.append(manager.recv(4096).decode())
    assert any(words.startswith("READY") for words in heard)
    assert backend.answered > 0
    assert not any("trigger" in words for words in heard)


def test_a_network_says_while_it_works_on_the_first_batch_of_a_size():
    backend = GreyBackend()
    network, said = Network(backend), []
    answer = backend.infer
    backend.infer = lambda batch: said.append(network.warming) or answer(batch)
    tensor = network.preparer()(picture(1)).tensor
    for tensors in ([tensor], [tensor], [tensor, tensor], [tensor, tensor], [tensor]):
        network.infer(tensors)
    assert said == [True, False, True, False, False]
    assert not network.warming


def test_time_is_asked_for_while_the_network_is_opened(manager, monkeypatch, capsys):
    def open_slowly(*_):
        time.sleep(0.5)
        raise ModelError("the engine cannot be built")

    monkeypatch.setattr("edgepose.pipeline.pipeline.open_network", open_slowly)
    assert main(["run", "--source", "synthetic://"]) == 1
    heard = [manager.recv(4096).decode() for _ in range(3)]
    assert all(words.startswith("EXTEND_TIMEOUT_USEC=") for words in heard[:2])
    assert "the engine cannot be built" in capsys.readouterr().err
