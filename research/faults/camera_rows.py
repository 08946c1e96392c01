"""Faults in the middle of a fall that a real service sees: process and broker killed, camera lost, picture changed."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

from real_broker import wait_for

from research.faults.bench import Bench
from research.faults.outcome import Counts
from research.faults.pager import Pager
from research.faults.rows import Found, row
from research.faults.service import Service

EVERYTHING = ("edgepose/v1/#",)


def heard(pager: Pager) -> Counts:
    """Numbers are gapless: what is missing below the highest one was recorded and not heard."""
    seqs = [one.seq for one in pager.arrivals]
    n = max(seqs, default=-1) + 1
    return Counts(n, n, len(set(seqs)), n - len(set(seqs)), 0, len(seqs) - len(set(seqs)))


def _stages(pager: Pager, since: int = 0) -> list[str]:
    return [one.body["event_type"] for one in pager.arrivals[since:]]


def _states(pager: Pager) -> list[dict[str, Any]]:
    return [json.loads(payload) for topic, payload, _ in list(pager.others) if topic.endswith("hall/fall")]


def _of(pager: Pager, born: str) -> str:
    """What `fall` said of one fall."""
    return str([one for one in _states(pager) if one["alert_id"] == born])


def _sum(counts: list[Counts]) -> Counts:
    fields = Counts.__struct_fields__
    return Counts(*(sum(getattr(one, name) for one in counts) for name in fields))


@row(cycles=10)
def killed_mid_fall(folder: Path, cycles: int) -> Found:
    """Within 2.5 s of the first suspicion the broker is SIGKILLed, and the service right after; both come back.

    In every other run the broker is killed before the fall, so that nothing was heard of it. Everything that
    `edgepose run` had said is heard, the fall is ON and unknown, and never OFF.
    """
    counts, promised, delays = [], 0, []
    for k in range(cycles):
        place = folder / str(k)
        place.mkdir()
        with Bench(place) as bench:
            bench.broker.start()
            pager = bench.pager(topics=EVERYTHING)
            service = Service(place, bench.broker.url)
            try:
                if k % 2 == 0:
                    assert service.wait("posture standing"), "nobody is there"
                    bench.broker.stop()
                assert service.wait("fall suspected"), "nobody fell"
                time.sleep(bench.random.uniform(0.0, 2.5))
                bench.broker.stop()
                service.end(signal.SIGKILL)
                said = sum(" fall " in line for _, line in service.words)
                time.sleep(0.5)
                bench.broker.start()
                began = time.monotonic()
                service = Service(place, bench.broker.url)
                kept = wait_for(lambda p=pager, n=said: len(set(_stages(p)) - {"unknown"}) >= n, 40)  # type: ignore[misc]
                delays.append(round(time.monotonic() - began, 1))
                kept &= wait_for(lambda p=pager: "unknown" in _stages(p), 40)  # type: ignore[misc]
                born = pager.arrivals[0].id
                kept &= wait_for(lambda p=pager, i=born: "unknown" in _of(p, i), 10)  # type: ignore[misc]
                promised += kept and "OFF" not in _of(pager, born)
            finally:
                service.end(signal.SIGKILL)
            counts.append(heard(pager))
    figures = {"kept_their_word": promised, "heard_after_restart_s": delays}
    return Found(_sum(counts), passed=promised == cycles, figures=figures)


@row(cycles=5)
def camera_lost_mid_fall(folder: Path, cycles: int) -> Found:
    """The camera is away for 3 s between suspicion and confirmation; the fall is confirmed and stays ON throughout."""
    return _camera(folder, cycles, ("losing", "0.3", "3.0"), ("fall_suspected", "fall_confirmed"))


@row(cycles=5)
def picture_changed_mid_fall(folder: Path, cycles: int) -> Found:
    """The picture doubles its size between suspicion and confirmation: the fall is unknown, and found down anew."""
    return _camera(folder, cycles, ("changing", "0.3"), ("fall_suspected", "unknown", "found_down"))


def _camera(folder: Path, cycles: int, words: tuple[str, ...], wanted: tuple[str, ...]) -> Found:
    counts, promised = [], 0
    for k in range(cycles):
        place = folder / str(k)
        place.mkdir()
        with Bench(place) as bench:
            bench.broker.start()
            pager = bench.pager(topics=EVERYTHING)
            service = Service(place, bench.broker.url, *words)
            try:
                came = wait_for(lambda p=pager: set(wanted) <= set(_stages(p)), 60)  # type: ignore[misc]
                states = _states(pager)
                first = next((n for n, one in enumerate(states) if one["state"] == "ON"), len(states))
                promised += came and all(one["state"] == "ON" for one in states[first:])
            finally:
                service.end(signal.SIGTERM)
            wait_for(lambda p=pager: not heard(p).lost, 5)  # type: ignore[misc]
            counts.append(heard(pager))
    return Found(_sum(counts), passed=promised == cycles, figures={"kept_their_word": promised})


@row(cycles=3)
def read_only_disk(folder: Path, cycles: int) -> Found:
    """The folder of the spool is read-only at the start: the service watches, says so, and its alerts arrive."""
    counts, promised = [], 0
    for k in range(cycles):
        place = folder / str(k)
        place.mkdir()
        with Bench(place) as bench:
            bench.broker.start()
            pager = bench.pager(topics=EVERYTHING)
            service = Service(place, bench.broker.url, spool=Path("/proc/edgepose/alerts.db"))  # nobody writes there
            try:
                came = wait_for(lambda p=pager: "fall_confirmed" in _stages(p), 40)  # type: ignore[misc]
                promised += came and "spool_unusable" in str(pager.last("jetson/health"))
            finally:
                service.end(signal.SIGTERM)
            counts.append(heard(pager))
    return Found(_sum(counts), passed=promised == cycles, figures={"said_so": promised})
