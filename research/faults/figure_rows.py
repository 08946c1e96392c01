"""Figures rather than faults: how fast an alert is on disk and at its subscriber, and what waiting and time cost."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from real_broker import wait_for

from edgepose.alerts.database import Database, Row
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.types import Event
from research.faults.bench import Bench, Device, rss_mb
from research.faults.camera_rows import EVERYTHING, heard
from research.faults.outcome import percentiles
from research.faults.proxy import Proxy
from research.faults.rows import Found, row
from research.faults.service import Service

WAITING = 20_000


@row(cycles=300)
def to_the_subscriber(folder: Path, cycles: int) -> Found:
    """Alerts, five a second, from the call that records them to a subscriber in another process (cycles: alerts)."""
    with Bench(folder) as bench:
        bench.broker.config += "\nset_tcp_nodelay true"
        bench.broker.start()
        pager = bench.pager(durable=False)
        device = bench.device(rate=0)
        assert device.connected.wait(20)
        device.end()
        device = bench.device(rate=5, count=cycles)
        wait_for(lambda: len(device.recorded) >= cycles, 60 + cycles / 4)
        counts = bench.settle()
        ended = dict(zip(device.recorded, device.ended, strict=False))
        late = [one.at - ended[one.seq, one.id] for one in pager.arrivals if (one.seq, one.id) in ended]
        figures = {"recorded_to_heard_ms": percentiles(late[10:]), "record_call_ms": percentiles(device.took_s)}
        return Found(counts, figures=figures)


@row(cycles=3)
def behind_a_backlog(folder: Path, cycles: int) -> Found:
    """20,000 alerts of an earlier boot wait; after the reconnect a fresh critical one overtakes them."""
    overtook, memory = [], []
    found = None
    for k in range(cycles):
        place = folder / str(k)
        with Bench(place) as bench:
            without = _settled_mb(bench.device(rate=1, stages=("confirmed",), spool=str(place / "none.db")))
            bench.devices.pop().end(signal.SIGKILL)
            _backlog(place / "alerts.db")
            device = bench.device(rate=1, stages=("confirmed",))
            memory.append(round(_settled_mb(device) - without, 1))
            bench.broker.start()
            pager = bench.pager(durable=False)
            assert device.connected.wait(30)
            began = time.monotonic()
            wait_for(lambda one=device, b=began: any(at > b for at in one.recorded.values()), 10)  # type: ignore[misc]
            key = min(key for key, at in list(device.recorded.items()) if at > began)
            wait_for(lambda p=pager, key=key: any((a.seq, a.id) == key for a in p.arrivals), 60)  # type: ignore[misc]
            at = next((a.at for a in pager.arrivals if (a.seq, a.id) == key), float("inf"))
            overtook.append(round((at - device.recorded[key]) * 1e3, 1))
            found = bench.counts()
    assert found is not None
    figures = {"fresh_heard_after_ms": overtook, "memory_of_20000_mb": memory}
    done = max(overtook) <= 1000 and max(memory) <= 5
    return Found(replace(found, lost=0, lost_by_broker=0), passed=done, figures=figures)  # the rest still waits


def _settled_mb(device: Device) -> float:
    """Memory of a device that has recorded its third alert, MB."""
    assert wait_for(lambda: len(device.recorded) >= 3, 60)
    return device.rss_mb


def _backlog(path: Path) -> None:
    desk = AlertDesk("jetson", Spool(path))
    t = time.monotonic()
    alert = desk.take("hall", Event("fall", "confirmed", t, 1, 0.9, started_t=t - 1, episode=uuid7()))
    desk.take("hall", Event("fall", "recovered", t, 1, 0.9, started_t=t - 1, episode=alert.id))
    desk.store.close()
    database = Database(path)
    now_ms = time.time_ns() // 1_000_000
    with database.writing():  # as the owner does, without 20,000 commits
        for seq in range(2, WAITING):
            database.add(Row(replace(alert, seq=seq, id=uuid7()), now_ms, 0, "earlier"))
    database.close()


def slope_and_error(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """A straight line's slope and its standard error; x, y: (N,), N > 2.

    Memory stays where it was a moment ago: the error is widened by the residuals' correlation at lag one.
    """
    line = np.polyfit(x, y, 1)
    rest = y - np.polyval(line, x)
    error = np.sqrt((rest @ rest) / (len(x) - 2) / np.sum((x - x.mean()) ** 2))
    kept = min(max(float(rest[1:] @ rest[:-1] / max(float(rest @ rest), 1e-12)), 0.0), 0.99)
    return float(line[0]), float(error * np.sqrt((1 + kept) / (1 - kept)))


@row(cycles=120)
def soak(folder: Path, cycles: int) -> Found:
    """`edgepose run` with a fault every 3 s (cycles): broker killed, link frozen, slow, or without acknowledgements.

    Its memory is looked at every second from the 30th on; the slope is a straight line through that.
    """
    with Bench(folder) as bench:
        bench.broker.start()
        proxy = Proxy(bench.broker.port)
        pager = bench.pager(topics=EVERYTHING, client_id="soak")
        service = Service(folder, proxy.url)
        seen: list[tuple[float, float]] = []
        began = time.monotonic()
        try:
            for _ in range(cycles):
                kind = bench.random.choice(("kill", "freeze", "slow", "deaf"))
                proxy.frozen, proxy.swallow_pubacks = kind == "freeze", kind == "deaf"
                proxy.rate = 500.0 if kind == "slow" else 0.0
                if kind == "kill":
                    bench.broker.stop()
                    bench.broker.start()
                time.sleep(bench.random.uniform(0.5, 2.0))
                proxy.frozen, proxy.swallow_pubacks, proxy.rate = False, False, 0.0
                time.sleep(bench.random.uniform(0.5, 2.0))
                if (at := time.monotonic() - began) > 30:
                    seen.append((at, rss_mb(service.process.pid)))
        finally:
            service.end(signal.SIGTERM)
        wait_for(lambda: not heard(pager).lost, 10)
        proxy.close()
        at, mb = np.array(seen).T
        slope = np.polyfit(at / 3600, mb, 1)[0] if len(seen) > 2 else 0.0
        half = len(at) // 2
        later, error = slope_and_error(at[half:] / 3600, mb[half:]) if len(seen) > 5 else (0.0, 0.0)
        figures = {"memory_mb": round(float(mb.max()), 1), "slope_mb_per_h": round(float(slope), 1)}
        figures |= {"slope_of_second_half": round(later, 1), "its_error": round(error, 1)}
        figures |= {"minutes": round(float(at[-1]) / 60, 1)}
        return Found(heard(pager), passed=bool(mb.max() <= 80), figures=figures)
