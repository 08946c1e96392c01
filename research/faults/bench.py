"""One fault run: a broker, devices, a pager, and the count of what was recorded, taken and heard."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from real_broker import RECOMMENDED, Mosquitto

from research.faults import ROOT
from research.faults.device import Order
from research.faults.outcome import Counts, count
from research.faults.pager import Pager


class Device:
    """A device's process. recorded, taken: (seq, id) -> monotonic seconds; took_s, ended: of each record
    call, in order."""

    def __init__(self, order: Order, env: dict[str, str] | None = None) -> None:
        self.recorded: dict[tuple[int, str], float] = {}
        self.taken: dict[tuple[int, str], float] = {}
        self.took_s: list[float] = []
        self.ended: list[float] = []
        self.connected = threading.Event()
        words = [sys.executable, "-m", "research.faults.device", msgspec.json.encode(order).decode()]
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, **(env or {})},
        )
        self.errors: list[str] = []
        self._readers = [threading.Thread(target=one, daemon=True) for one in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "R" and len(words) == 5:
                began, ended = float(words[3]), float(words[4])
                self.recorded[int(words[1]), words[2]] = began
                self.took_s.append(ended - began)
                self.ended.append(ended)
            elif words[0] == "A" and len(words) == 4:
                self.taken[int(words[1]), words[2]] = float(words[3])
            elif words[0] == "C":
                self.connected.set()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors += list(self.process.stderr)

    def end(self, sign: int = signal.SIGTERM, timeout_s: float = 20.0) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(5.0)
        return code

    @property
    def rss_mb(self) -> float:
        """Memory of the process now, MB."""
        return rss_mb(self.process.pid)


def rss_mb(pid: int) -> float:
    """Memory of a process now, MB; 0 where it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Bench:
    """A context: everything it started has ended when it ends. devices: all that were started, in order."""

    def __init__(self, folder: Path, config: str = "allow_anonymous true", persistence: str = RECOMMENDED) -> None:
        self.folder = folder
        self.random = random.Random(16)
        self.devices: list[Device] = []
        self.pagers: list[Pager] = []
        self._brokers: list[Mosquitto] = []
        self.broker = self.another_broker(config, persistence)

    def another_broker(self, config: str = "allow_anonymous true", persistence: str = RECOMMENDED) -> Mosquitto:
        """A broker that is not started yet; its queue for a pager that is away is as long as it needs to be."""
        folder = self.folder / f"broker{len(self._brokers)}"
        folder.mkdir(parents=True)
        lines = config if "max_queued" in config else f"max_queued_messages 0\n{config}"
        self._brokers.append(Mosquitto(folder, lines, persistence=persistence))
        return self._brokers[-1]

    def pager(self, **options: Any) -> Pager:
        self.pagers.append(Pager(options.pop("port", self.broker.port), **options))
        return self.pagers[-1]

    def device(self, *, env: dict[str, str] | None = None, **order: Any) -> Device:
        wanted = {"spool": str(self.folder / "alerts.db"), "url": self.broker.url, **order}
        self.devices.append(Device(Order(**wanted), env))
        return self.devices[-1]

    def counts(self) -> Counts:
        return count(self.devices, [one for pager in self.pagers for one in pager.arrivals])

    def settle(self, patience_s: float = 30.0) -> Counts:
        """Wait until everything recorded by now was heard, or nothing moved for so long; 3 s where all was taken."""
        wanted = {key for device in self.devices for key in list(device.recorded)}
        moved, moved_s = -1, time.monotonic()
        while missing := wanted - {(one.seq, one.id) for pager in self.pagers for one in list(pager.arrivals)}:
            taken = {key for device in self.devices for key in list(device.taken)}
            if len(missing) != moved:
                moved, moved_s = len(missing), time.monotonic()
            if time.monotonic() - moved_s > (patience_s if missing - taken else 3.0):
                break
            time.sleep(0.05)
        return self.counts()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        for device in self.devices:
            device.end(signal.SIGKILL)
        for pager in self.pagers:
            pager.close()
        for broker in self._brokers:
            broker.stop()
