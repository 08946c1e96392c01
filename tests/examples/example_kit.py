"""An example as a user starts it: a process whose words are read as they come, and alerts as a device sends them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from real_broker import wait_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


@contextmanager
def running(name: str, *words: object, folder: Path | None = None) -> Iterator[list[str]]:
    """The lines that examples/NAME prints while it runs; the block begins when it has said the first."""
    command = [sys.executable, "-u", str(EXAMPLES / name), *map(str, words)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
    reader.start()
    try:
        assert wait_for(lambda: lines, 60), f"{name} said nothing"
        yield lines
    finally:
        process.kill()
        process.wait()
        reader.join(5)


def alert(event_type: str = "fall_confirmed", kind: str = "new", **others: Any) -> dict[str, Any]:
    """An alert as MQTT carries it."""
    severity = {"fall_suspected": "warning", "recovered": "info", "cleared": "info"}.get(event_type, "critical")
    return {
        "schema": "edgepose.alert/1",
        "id": "01a2",
        "seq": 1,
        "device": "jetson",
        "type": kind,
        "cam": "hall",
        "event_type": event_type,
        "severity": severity,
        "zone": None,
        "track_id": 3,
        "score": 0.71,
        "drill": False,
        "delivery": {"attempt": 1, "queued_ms": 0, "replayed": False},
        **others,
    }
