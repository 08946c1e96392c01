"""What one busy Python thread beside the pipeline costs, with Python's switch interval and with that of `edgepose run`.

    python research/busy_thread.py

Prints the pipeline's efficiency (see edgepose/bench/pipeline.py) with a network that waits for 4 ms; medians.
"""

from __future__ import annotations

import sys
import threading
import time
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from edgepose.bench.film import film
from edgepose.bench.pipeline import SWITCH_INTERVAL_S, alone, threaded_fps

ROUNDS = 3
N_FRAMES = 100
WAIT_MS = 4.0
PYTHONS_OWN_S = 5e-3


def main() -> None:
    ratios: dict[tuple[bool, float], list[float]] = {}
    with TemporaryDirectory() as folder:
        images, recording = film(Path(folder))
        for _ in range(ROUNDS):
            bound_fps = alone(images, recording, WAIT_MS, N_FRAMES).bound_fps
            for busy, interval_s in product((False, True), (PYTHONS_OWN_S, SWITCH_INTERVAL_S)):
                sys.setswitchinterval(interval_s)
                stop = threading.Event()
                if busy:
                    threading.Thread(target=spin, args=(stop,), daemon=True).start()
                fps = threaded_fps(images, recording, WAIT_MS, N_FRAMES)
                stop.set()
                time.sleep(0.05)
                ratios.setdefault((busy, interval_s), []).append(fps / bound_fps)
    for (busy, interval_s), found in ratios.items():
        print(
            f"{'beside a busy thread' if busy else 'alone':<22} switch interval {interval_s:g} s: {median(found):.3f}"
        )


def spin(stop: threading.Event) -> None:
    """Pure Python work that never waits."""
    n = 0
    while not stop.is_set():
        n += 1


if __name__ == "__main__":
    main()
