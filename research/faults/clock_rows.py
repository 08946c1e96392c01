"""A wall clock that jumps under a device that runs."""

from __future__ import annotations

import signal
from pathlib import Path

from real_broker import wait_for

from research.faults.bench import Bench
from research.faults.rows import Found, UnableError, row


@row(cycles=5, needs="faketime")
def clock_jumps(folder: Path, cycles: int) -> Found:
    """The wall clock is in 1970 at the start, then right, an hour ahead, an hour back, and in 1970 again.

    Alerts wait all the while; the device is also killed and started again between two jumps.
    """
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime*.so.1")), None)
    if library is None:
        raise UnableError("libfaketime is not installed")
    moment = folder / "moment"
    env = {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(moment), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    jumps = ("1970-01-01 00:02:00", "+0", "+3600", "-3600", "1970-01-01 00:05:00", "+0")
    with Bench(folder) as bench:
        pager = None
        for _ in range(cycles):
            bench.broker.stop()
            moment.write_text(jumps[0])
            device = bench.device(rate=50, speed=10, env=env)
            for jump in jumps:
                moment.write_text(jump)
                n = len(device.recorded)
                assert wait_for(lambda one=device, n=n: len(one.recorded) > n + 20, 30)  # type: ignore[misc]
                if bench.random.random() < 0.5:
                    device.end(signal.SIGKILL)
                    device = bench.device(rate=50, speed=10, env=env)
                    assert wait_for(lambda one=device: one.recorded, 30)  # type: ignore[misc]
            bench.broker.start()
            pager = pager or bench.pager()
            bench.settle()
            device.end()
        bench.device(rate=0, speed=10, env=env)
        return Found(bench.settle())
