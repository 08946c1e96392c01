"""What the publish tests share: people and falls to publish, and a real broker on a free loopback port."""

from __future__ import annotations

import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgepose.types import Event, FrameResult, Pose, Track

SIZE_WH = (640, 480)


def person(track_id: int = 1, x: float = 100.0, missing_s: float = 0.0, t: float = 0.0) -> Track:
    """A person whose 18 keypoints lie on a vertical line at `x`; the left ear is absent."""
    keypoints = np.column_stack([np.full(18, x), np.linspace(50, 400, 18), np.full(18, 0.9)]).astype(np.float32)
    keypoints[17] = np.nan, np.nan, 0
    return Track(track_id, Pose(keypoints, 0.8), t, age_s=1.0, missing_s=missing_s)


def result(
    *tracks: Track, events: tuple[Event, ...] = (), source: str = "hall", seq: int = 0, t: float | None = None
) -> FrameResult:
    """One frame with these people and events, captured now unless `t` says otherwise."""
    picture = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    moment = time.monotonic() if t is None else t
    return FrameResult(source, seq, moment, SIZE_WH, tracks, events, image=picture)


def fall(stage: str, episode: int = 1, track_id: int = 1, **evidence: object) -> Event:
    """One stage of a fall."""
    t = time.monotonic()
    return Event("fall", stage, t, track_id, 0.9, started_t=t - 1, episode=episode, evidence=evidence)


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], timeout_s: float = 10.0) -> bool:
    """Poll until `condition()` is true; False when it never was."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


@dataclass
class Mosquitto:
    """A real broker that can be stopped and started again on the same port. `config`: more lines for its file."""

    folder: Path
    config: str = "allow_anonymous true"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> Mosquitto:
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {self.port} 127.0.0.1\npersistence false\nuser root\n{self.config}\n")
        self.process = subprocess.Popen(
            [broker_program(), "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert wait_for(self._answers), "mosquitto did not start"
        return self

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def broker_program() -> str:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin") or ""
