"""Brokers that are away, killed, restarted, or listened to by nobody."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from real_broker import wait_for

from research.faults.bench import Bench
from research.faults.pager import ALERTS
from research.faults.rows import Found, row


@row(cycles=10)
def broker_down_at_start(folder: Path, cycles: int) -> Found:
    """The broker is away when the device starts and comes 3 s later."""
    with Bench(folder) as bench:
        for _ in range(cycles):
            device = bench.device(rate=50, speed=10)
            assert wait_for(lambda one=device: one.recorded, 20)  # type: ignore[misc]
            time.sleep(3.0)
            bench.broker.start()
            if not bench.pagers:
                bench.pager()
            bench.settle()
            device.end()
            bench.broker.stop()
        bench.broker.start()
        bench.device(rate=0, speed=10)
        return Found(bench.settle())


@row(cycles=50)
def broker_killed_mid_burst(folder: Path, cycles: int) -> Found:
    """The broker is SIGKILLed in a burst of 100 alerts a second and comes back; it keeps what it acknowledged."""
    return _killed_mid_burst(Bench(folder), cycles)


@row(cycles=50)
def broker_without_persistence(folder: Path, cycles: int) -> Found:
    """The same with a broker that keeps nothing on disk: what is lost is its own."""
    return _killed_mid_burst(Bench(folder, persistence="persistence false"), cycles)


def _killed_mid_burst(bench: Bench, cycles: int) -> Found:
    with bench:
        bench.broker.start()
        pager = bench.pager()
        device = bench.device(rate=100, speed=10)
        for _ in range(cycles):
            n_taken = len(device.taken)
            assert wait_for(lambda n=n_taken: len(device.taken) > n + 20, 60)  # type: ignore[misc]
            time.sleep(bench.random.uniform(0.0, 0.5))
            bench.broker.stop()
            time.sleep(bench.random.uniform(0.0, 0.3))
            bench.broker.start()
            assert pager.subscribed.wait(20)
        device.end()
        bench.device(rate=0, speed=10)
        return Found(bench.settle())


@row(cycles=10)
def nobody_subscribed(folder: Path, cycles: int) -> Found:
    """Nobody listens for 2 s; the broker acknowledges with reason 16, and somebody comes."""
    with Bench(folder) as bench:
        bench.broker.start()
        device = bench.device(rate=20, speed=10)
        assert device.connected.wait(20)
        for k in range(cycles):
            time.sleep(2.0)
            bench.pager(durable=False, client_id=f"pager-{k}")
            counts = bench.settle()
            bench.pagers[-1].close()
        device.end()
        bench.pager(durable=False, client_id="last")
        bench.device(rate=0, speed=10)
        counts = bench.settle()
        return Found(counts)


@row(cycles=5)
def home_assistant_restarts(folder: Path, cycles: int) -> Found:
    """Home Assistant is away while somebody falls and a logger listens; it must know of the fall when it is back.

    The logger alone makes the broker say that somebody has the alert. What Home Assistant gets then: `fall`, kept as
    ON with the alert's id, and with `alerts.require_ack` the alert itself, announced again within `again_s`.
    """
    with Bench(folder) as bench:
        bench.broker.start()
        bench.pager(durable=False, client_id="logger", topics=("#",))
        n_state = n_alert = 0
        waits: list[float] = []
        for k in range(cycles):
            order: dict[str, Any] = {"rate": 20, "count": 2, "stages": ("suspected", "confirmed")}
            device = bench.device(spool=str(folder / f"{k}.db"), alerts={"require_ack": True, "again_s": 10.0}, **order)
            assert wait_for(lambda one=device: len(one.taken) >= 2, 20)  # type: ignore[misc]
            born = next(iter(device.recorded))[1]
            began = time.monotonic()
            home = bench.pager(durable=False, client_id="home", topics=(ALERTS, "edgepose/v1/+/cam/+/fall"))
            if wait_for(lambda one=home, i=born: _is_on(one.last("/fall"), i), 3):  # type: ignore[misc]
                n_state += 1
            if wait_for(lambda one=home, i=born: any(a.id == i for a in one.arrivals), 15):  # type: ignore[misc]
                n_alert += 1
                waits.append(round(time.monotonic() - began, 1))
            device.end()
            home.close()
        return Found(
            bench.settle(),
            passed=n_state == n_alert == cycles,
            figures={"fall_is_on_at_return": n_state, "alert_announced_again": n_alert, "after_s": waits},
        )


def _is_on(payload: bytes | None, born: str) -> bool:
    return payload is not None and json.loads(payload).get("alert_id") == born


@row(cycles=5)
def slow_pager(folder: Path, cycles: int) -> Found:
    """A backlog of 3,000 alerts for a pager that takes 150 a second, through a broker that queues 1,000 for it.

    What overflows the queue was acknowledged: the broker drops it without a word.
    """
    with Bench(folder, config="allow_anonymous true\nmax_queued_messages 1000") as bench:
        for _ in range(cycles):
            device = bench.device(rate=4000, count=3000, stages=("suspected",), interrupt=False)
            assert wait_for(lambda one=device: len(one.recorded) >= 3000, 60)  # type: ignore[misc]
            device.end(signal.SIGKILL)
            bench.broker.start()
            pager = bench.pager() if not bench.pagers else bench.pagers[0]
            pager.answer = _slowly
            assert pager.subscribed.wait(20)
            device = bench.device(rate=0, interrupt=False)
            bench.settle()
            device.end(signal.SIGKILL)
            bench.broker.stop()
        counts = bench.counts()
        return Found(counts, passed=not counts.lost_by_broker)


def _slowly(client: paho.Client, body: dict[str, Any]) -> None:
    time.sleep(1 / 150)
