"""CPU of eight cameras in one pipeline: milliseconds of all threads per frame, by thread; frames dropped; latency.

Live sources show the same ten people from memory at 15 frames per second each, the network waits as one on a GPU does
and answers with their fields, every rule runs, nothing is published. Run it with the package of another commit on
PYTHONPATH to compare; `--turns` repeats, because other programs come and go.

python research/eight_cameras.py --seconds 20 --turns 3
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from edgepose.backends import BackendOptions, open_backend
from edgepose.bench.film import film
from edgepose.config import Config
from edgepose.pipeline import Pipeline
from edgepose.types import CameraState, Frame, Image

FPS, WAIT_MS = 15.0, 12.0
TICK_MS = 1e3 / os.sysconf("SC_CLK_TCK")


class Camera:
    """A live source that has a new picture every 1 / FPS seconds; who comes late gets the newest one."""

    live = True
    state: CameraState = "online"

    def __init__(self, name: str, images: Sequence[Image], started: float, n_frames: int) -> None:
        self.name = name
        self.dropped = 0
        self._images = images
        self._started = started
        self._n_frames = n_frames
        self._seq = 0

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        if self._seq >= self._n_frames:
            raise EOFError
        due = self._started + self._seq / FPS
        wait = due - time.monotonic()
        if wait > timeout_s:
            time.sleep(timeout_s)
            return None
        if wait > 0:
            time.sleep(wait)
        else:
            missed = int(-wait * FPS)
            self.dropped += missed
            self._seq += missed
            due += missed / FPS
        frame = Frame(self._images[self._seq % len(self._images)], due, self._seq, self.name)
        self._seq += 1
        return frame

    def close(self) -> None:
        """Nothing to let go."""


def threads_ms() -> dict[int, float]:
    """CPU time of every thread of this process so far, by its number."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        nanoseconds = (task / "schedstat").read_text().split()[0]
        found[int(task.name)] = int(nanoseconds) / 1e6
    return found


def measure(n_cameras: int, seconds: float, size_hw: tuple[int, int]) -> dict[str, object]:
    """One run: ms of CPU per frame by kind of thread and in all, frames, dropped, latency."""
    n_frames = int(seconds * FPS)
    with TemporaryDirectory() as folder:
        images, recording = film(Path(folder))
        if size_hw != images[0].shape[:2]:
            import cv2

            images = [cv2.resize(image, size_hw[::-1], interpolation=cv2.INTER_CUBIC) for image in images]
        backend = open_backend(recording, BackendOptions(name="replay", wait_ms=WAIT_MS))
        started = time.monotonic() + 1.0
        cameras = [Camera(f"cam{i}", images, started + i / FPS / n_cameras, n_frames) for i in range(n_cameras)]
        pipeline = Pipeline(Config(), source=cameras, model=backend, publishers=())
        latency, dropped, names = [], 0, {}
        cpu: dict[str, float] = {}
        marks: list[tuple[float, dict[int, float]]] = []
        done: Counter[str] = Counter()

        def watch() -> None:
            """CPU of the middle of the run, thread by thread, while all of them live."""
            for at in (started + 2.0, started + seconds - 1.0):
                time.sleep(max(0.0, at - time.monotonic()))
                names.update({thread.native_id: thread.name for thread in threading.enumerate()})
                marks.append((sum(done.values()), threads_ms()))

        watcher = threading.Thread(target=watch, name="watch")
        watcher.start()
        for result in pipeline:
            done[result.source] += 1
            if result.t > started + 1.0:
                latency.append((time.monotonic() - result.t) * 1e3)
                dropped += result.dropped
        watcher.join()
        (before, first), (after, last) = marks
        for number, ms in last.items():
            name = str(names.get(number, "other")).split(" ")[0]
            if name != "watch":
                cpu[name] = cpu.get(name, 0.0) + (ms - first.get(number, 0.0)) / (after - before)
    return {
        "frames": sum(done.values()), "dropped": dropped + sum(camera.dropped for camera in cameras),
        "cpu_ms": round(sum(cpu.values()), 3), "p50_ms": round(float(np.percentile(latency, 50)), 1),
        "p99_ms": round(float(np.percentile(latency, 99)), 1),
        "threads": {name: round(ms, 3) for name, ms in sorted(cpu.items())},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--size", default="368x656", help="height and width of the cameras' pictures")
    args = parser.parse_args()
    sys.setswitchinterval(1e-4)  # as `edgepose run` sets it
    height, width = map(int, args.size.split("x"))
    runs = []
    for _ in range(args.turns):
        runs.append(measure(args.cameras, args.seconds, (height, width)))
        print(json.dumps(runs[-1]), flush=True)
    print(f"median {median(float(str(run['cpu_ms'])) for run in runs):.2f} ms of CPU per frame")


if __name__ == "__main__":
    main()
