"""What the alert tests share: events, and a process that records alerts until it is killed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.types import Event


def fall(stage: str, episode: str | int | None = None, **evidence: object) -> Event:
    t = time.monotonic()
    return Event("fall", stage, t, 1, 0.9, started_t=t - 1, episode=episode, evidence=evidence)


def desk(path: Path, **options: object) -> AlertDesk:
    return AlertDesk("jetson", Spool(path), options=AlertOptions(**options))


def waiting(store: Spool) -> list[int]:
    return sorted(one.alert.seq for one in store.batch(100_000))


RECORDER = """
import sys
from alert_kit import desk, fall, uuid7
from pathlib import Path
one = desk(Path(sys.argv[1]))
while True:
    print(one.take("hall", fall("confirmed", uuid7())).seq, flush=True)
"""


def recording_process(spool: Path) -> subprocess.Popen[str]:
    """Records alerts for ever, printing each number once it is recorded."""
    place = str(Path(__file__).parent)
    program = f"import sys; sys.path.insert(0, {place!r})\n{textwrap.dedent(RECORDER)}"
    return subprocess.Popen([sys.executable, "-c", program, str(spool)], stdout=subprocess.PIPE, text=True)


__all__ = ["desk", "fall", "recording_process", "uuid7", "waiting"]
