"""Each stage thread of a running pipeline is frozen in turn: the watchdog goes hungry within ten seconds."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from pipeline_fakes import GreyBackend, NotingPublisher, PicturesSource, picture

from edgepose import Pipeline
from edgepose.device.service import supervised

STAGES = {"capture": "capture file", "infer": "infer", "group": "group"}


class Frozen:
    """A pipeline on the way to a service manager of its own, one stage of which stops for good when asked to."""

    def __init__(self, stage: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.freeze, self.thaw = stage, threading.Event(), threading.Event()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / stage))
        self.manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / stage))
        source = PicturesSource([picture(1)] * 100_000, live=True, period_s=0.02)
        backend, publisher = GreyBackend(), NotingPublisher()
        self._hold(source, "read", "capture")
        self._hold(backend, "infer", "infer")
        self._hold(publisher, "publish", "group")
        self.pipeline = Pipeline(source=source, model=backend, rules=[], publishers=[publisher], keep_images=False)
        self.supervision = supervised(lambda: self.pipeline.progress, lambda: self.pipeline.warming)
        self.supervision.__enter__()
        self.pipeline.start(to_caller=False)
        while not self.manager.recv(4096).startswith(b"READY"):
            pass

    def _hold(self, thing: object, name: str, stage: str) -> None:
        work = getattr(thing, name)

        def held(*words):
            if stage == self.stage and self.freeze.is_set():
                self.thaw.wait(60)
            return work(*words)

        setattr(thing, name, held)

    def hungry_after(self) -> float:
        """Seconds from the freeze to the last WATCHDOG=1; the thread is named then."""
        began = last = time.monotonic()
        while True:
            words = self.manager.recv(4096)
            if words == b"WATCHDOG=1":
                last = time.monotonic()
            elif words.startswith(b"WATCHDOG=trigger"):
                assert STAGES[self.stage].encode() in words
                return last - began

    def close(self) -> None:
        self.thaw.set()
        self.pipeline.close()
        self.supervision.__exit__(None, None, None)
        self.manager.close()


@pytest.mark.slow
def test_whichever_stage_freezes_the_watchdog_goes_hungry_within_ten_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = [Frozen(stage, tmp_path, monkeypatch) for stage in STAGES]
    try:
        for one in running:
            one.freeze.set()
        found: dict[str, float] = {}
        threads = [
            threading.Thread(target=lambda one=one: found.update({one.stage: one.hungry_after()})) for one in running
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(40)
        assert set(found) == set(STAGES) and max(found.values()) <= 10, found
    finally:
        for one in running:
            one.close()
