"""A device that is killed, terminated or copied at any moment, with the broker there and away; long times offline."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

from real_broker import wait_for

from edgepose.alerts.spool import Spool
from research.faults.bench import Bench
from research.faults.rows import Found, row


def _ended(bench: Bench, cycles: int, sign: int, broker_is_there: list[bool]) -> Found:
    """Devices of one spool that get a signal at random; then one that brings out what is left."""
    with bench:
        bench.broker.start()
        pager = bench.pager()
        for k in range(cycles):
            there = broker_is_there[k % len(broker_is_there)]
            if there != (bench.broker.process is not None):
                if there:
                    bench.broker.start()
                    pager.subscribed.wait(20)
                else:
                    bench.broker.stop()
            device = bench.device(rate=100, speed=10)
            assert wait_for(lambda one=device: one.recorded, 30)  # type: ignore[misc]
            time.sleep(bench.random.uniform(0.0, 1.0))
            device.end(sign)
        if bench.broker.process is None:
            bench.broker.start()
            pager.subscribed.wait(20)
        bench.device(rate=0, speed=10)
        counts = bench.settle()
        ids: dict[int, set[str]] = {}
        for one in pager.arrivals:
            ids.setdefault(one.seq, set()).add(one.id)
        gaps = len(set(range(max(ids, default=-1) + 1)) - ids.keys())
        doubled = sum(len(one) > 1 for one in ids.values())
        return Found(counts, passed=not gaps and not doubled, figures={"gaps_in_seq": gaps, "seq_of_two_ids": doubled})


@row(cycles=100)
def publisher_killed(folder: Path, cycles: int) -> Found:
    """The device is SIGKILLed at random, in turn with the broker up and away."""
    return _ended(Bench(folder), cycles, signal.SIGKILL, [True, False])


@row(cycles=20)
def terminated_with_broker_away(folder: Path, cycles: int) -> Found:
    """The device gets SIGTERM while the broker is away."""
    return _ended(Bench(folder), cycles, signal.SIGTERM, [False])


@row(cycles=200)
def copies_of_the_spool(folder: Path, cycles: int) -> Found:
    """Database and log are copied at a random instant; the copy opens with every alert recorded by then."""
    with Bench(folder) as bench:
        device = bench.device(rate=100, speed=10)
        assert wait_for(lambda: len(device.recorded) > 20, 30)
        missing = 0
        for k in range(cycles):
            time.sleep(bench.random.uniform(0.0, 0.05))
            device.process.send_signal(signal.SIGSTOP)  # an instant: nothing moves while the files are copied
            time.sleep(0.01)
            by_then = {seq for seq, _ in list(device.recorded)}
            place = folder / f"copy{k}" / "alerts.db"
            place.parent.mkdir()
            for ending in ("", "-wal"):
                shutil.copy(f"{folder / 'alerts.db'}{ending}", f"{place}{ending}")
            device.process.send_signal(signal.SIGCONT)
            copy = Spool(place)
            missing += len(by_then - {one.alert.seq for one in copy.page(-1, 10**6)})
            missing += bool(copy.troubles)
            copy.close()
            shutil.rmtree(place.parent)
        bench.broker.start()
        bench.pager()
        device.end()
        bench.device(rate=0, speed=10)
        return Found(bench.settle(), passed=not missing, figures={"missing_in_copies": missing})


@row(cycles=5)
def offline_5_10_15_30_minutes(folder: Path, cycles: int) -> Found:
    """The broker is away for 5, 10, 15 and 30 minutes in turn, time 60 times as fast, with an alert every 3 s.

    Pauses and deadlines of the link are 60 times shorter than they are, and so is the time away.
    """
    speed = 60.0
    with Bench(folder) as bench:
        bench.broker.start()
        pager = bench.pager()
        device = bench.device(rate=speed / 3, speed=speed)
        back: list[float] = []
        for _ in range(cycles):
            for minutes in (5, 10, 15, 30):
                bench.broker.stop()
                time.sleep(minutes * 60 / speed)
                bench.broker.start()
                began = time.monotonic()
                assert pager.subscribed.wait(20)
                bench.settle()
                back.append(round((time.monotonic() - began) * speed, 0))
                time.sleep(2.0)
        device.end()
        bench.device(rate=0, speed=speed)
        return Found(bench.settle(), figures={"all_heard_after_s": max(back)})
