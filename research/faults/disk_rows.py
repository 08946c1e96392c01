"""A disk that is full under a device that runs."""

from __future__ import annotations

import resource
import subprocess
import time
from pathlib import Path

from real_broker import wait_for

from research.faults.bench import Bench
from research.faults.rows import Found, UnableError, row


@row(cycles=10)
def disk_full(folder: Path, cycles: int) -> Found:
    """No file of the device can grow for 3 s (RLIMIT_FSIZE), in turn with the broker up and away."""
    with Bench(folder) as bench:
        bench.broker.start()
        pager = bench.pager()
        device = bench.device(rate=50, speed=10)
        assert wait_for(lambda: device.taken, 30)
        for k in range(cycles):
            if k % 2:
                bench.broker.stop()
            resource.prlimit(device.process.pid, resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
            time.sleep(3.0)
            resource.prlimit(device.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            if k % 2:
                bench.broker.start()
                pager.subscribed.wait(20)
            bench.settle()
        device.end()
        bench.device(rate=0, speed=10)
        return Found(bench.settle())


@row(cycles=5)
def disk_without_room(folder: Path, cycles: int) -> Found:
    """The spool lies on a mount of 4 MB that somebody fills while the broker is away, and empties 3 s later."""
    mount = folder / "small"
    mount.mkdir(parents=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "faults", str(mount)], capture_output=True, text=True
    )
    if done.returncode:
        raise UnableError(f"no mount can be made here: {done.stderr.strip()[:80]}")
    try:
        with Bench(folder) as bench:
            bench.broker.start()
            pager = bench.pager()
            device = bench.device(rate=50, speed=10, spool=str(mount / "alerts.db"))
            assert wait_for(lambda: device.taken, 30)
            for _ in range(cycles):
                bench.broker.stop()
                filler = mount / "filler"
                try:
                    with filler.open("wb", buffering=0) as file:
                        while file.write(bytes(4096)):
                            pass
                except OSError:
                    pass
                time.sleep(3.0)
                filler.unlink()
                bench.broker.start()
                pager.subscribed.wait(20)
                bench.settle()
            device.end()
            bench.device(rate=0, speed=10, spool=str(mount / "alerts.db"))
            return Found(bench.settle())
    finally:
        subprocess.run(["umount", "-l", str(mount)], capture_output=True)
