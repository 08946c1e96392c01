"""A real mosquitto on a free loopback port, for tests and for research/faults."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RECOMMENDED = "persistence true\nautosave_on_changes true\nautosave_interval 1"
"""Lines with which mosquitto keeps what it acknowledged on disk, as docs/guides/mqtt-faults.md recommends."""


def free_port() -> int:
    """One below the range of outgoing connections, so that it is still free when a broker comes back to it."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_for(condition: Callable[[], object], timeout_s: float = 20.0) -> bool:
    """Poll until `condition()` is true; False when it never was. What it looks up may not be there yet."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(LookupError, TypeError, FileNotFoundError):
            if condition():
                return True
        time.sleep(0.01)
    return bool(condition())


def answers(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Mosquitto:
    """A real broker that can be stopped and started again on the same port. `config`: more lines for its file.

    persistence: lines that say what it keeps on disk, in `folder`.
    """

    folder: Path
    config: str = "allow_anonymous true"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    persistence: str = "persistence false"

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> Mosquitto:
        file = self.folder / "mosquitto.conf"
        kept = f"{self.persistence}\npersistence_location {self.folder}/"
        file.write_text(f"listener {self.port} 127.0.0.1\n{kept}\nuser root\n{self.config}\n")
        self.process = subprocess.Popen(
            [broker_program(), "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert wait_for(lambda: answers(self.port)), "mosquitto did not start"
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def broker_program() -> str:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin") or ""
