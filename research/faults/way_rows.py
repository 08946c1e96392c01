"""A way to the broker that is half open, slow or late, or on which nothing is acknowledged; brokers that take less."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from real_broker import wait_for

from research.faults.bench import Bench
from research.faults.outcome import percentiles
from research.faults.proxy import Proxy
from research.faults.rows import Found, row

NOTICED_S = 20.0
"""A link on which nothing comes any more has to be noticed within this."""


def _through(
    folder: Path, cycles: int, rate: float, spoil: Callable[[Proxy, Bench], object], heal: Callable[[Proxy], None]
) -> Found:
    """A device behind a proxy that is spoilt and healed again and again. spoil: returns a figure, or None."""
    with Bench(folder) as bench:
        bench.broker.start()
        bench.pager()
        proxy = Proxy(bench.broker.port)
        device = bench.device(url=proxy.url, rate=rate)
        assert device.connected.wait(20)
        noticed: list[float] = []
        for _ in range(cycles):
            found = spoil(proxy, bench)
            if isinstance(found, float):
                noticed.append(round(found, 1))
            heal(proxy)
            bench.settle()
        device.end()
        proxy.close()
        bench.device(rate=0)
        counts = bench.settle()
        figures = {"noticed_after_s": noticed} if noticed else {}
        return Found(counts, passed=all(one <= NOTICED_S for one in noticed), figures=figures)


def _freeze(proxy: Proxy, bench: Bench) -> float:
    """Pull the cable; seconds until the device has given the link up and begun another."""
    time.sleep(bench.random.uniform(0.5, 3.0))
    n = len(proxy.accepted)
    began = time.monotonic()
    proxy.frozen = True
    wait_for(lambda: len(proxy.accepted) > n, 40)
    return time.monotonic() - began


def _thaw(proxy: Proxy) -> None:
    proxy.frozen = False


@row(cycles=10)
def half_open_busy(folder: Path, cycles: int) -> Found:
    """The cable is pulled where nobody notices, while alerts are under way."""
    return _through(folder, cycles, 10, _freeze, _thaw)


@row(cycles=10)
def half_open_idle(folder: Path, cycles: int) -> Found:
    """The same while nothing happens: only the keepalive can notice it."""
    return _through(folder, cycles, 0.001, _freeze, _thaw)


@row(cycles=5)
def no_puback(folder: Path, cycles: int) -> Found:
    """For 20 s the broker takes alerts and its acknowledgements are not heard."""

    def spoil(proxy: Proxy, bench: Bench) -> None:
        proxy.swallow_pubacks = True
        time.sleep(20)

    def heal(proxy: Proxy) -> None:
        proxy.swallow_pubacks = False

    return _through(folder, cycles, 10, spoil, heal)


@row(cycles=5)
def one_byte_a_second(folder: Path, cycles: int) -> Found:
    """For 30 s the way takes one byte a second."""

    def spoil(proxy: Proxy, bench: Bench) -> None:
        proxy.rate = 1.0
        time.sleep(30)

    def heal(proxy: Proxy) -> None:
        proxy.rate = 0.0

    return _through(folder, cycles, 5, spoil, heal)


@row(cycles=3)
def a_second_each_way(folder: Path, cycles: int) -> Found:
    """Everything takes a second to the broker and a second back, for 20 s."""
    with Bench(folder) as bench:
        bench.broker.start()
        pager = bench.pager()
        proxy = Proxy(bench.broker.port)
        proxy.delay_s = 1.0
        device = bench.device(url=proxy.url, rate=5)
        time.sleep(20.0 * cycles)
        device.end()
        counts = bench.settle()
        proxy.close()
        began = device.recorded
        late = [one.at - began[one.seq, one.id] for one in pager.arrivals if (one.seq, one.id) in began]
        return Found(counts, figures={"recorded_to_heard_ms": percentiles(late)})


@row(cycles=1)
def broker_limits(folder: Path, cycles: int) -> Found:
    """Brokers that take 600 bytes, one message at a time, QoS 0 only, or keep nothing, each for 5 s."""
    counts = None
    reached = 0
    limits = ("max_packet_size 600", "max_inflight_messages 1", "max_qos 0", "retain_available false")
    with Bench(folder) as bench:
        for _ in range(cycles):
            for k, limit in enumerate(limits):
                broker = bench.another_broker(f"allow_anonymous true\n{limit}").start()
                durable = "qos" not in limit and "retain" not in limit
                bench.pager(port=broker.port, client_id=f"pager-{k}", durable=durable)
                device = bench.device(url=broker.url, rate=20)
                time.sleep(5.0)
                reached += bool(device.taken)
                device.end()
                counts = bench.settle()
                broker.stop()
        assert counts is not None
        return Found(counts, passed=reached == cycles * len(limits))
