"""Where prepared frames of every source wait for the one thread that runs the network."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edgepose.look.network import Prepared
from edgepose.types import Frame
from edgepose.workers import Closed


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One frame on its way to the network. timings_ms: capture and preprocess."""

    frame: Frame
    prepared: Prepared
    timings_ms: dict[str, float]


class Inbox:
    """A short queue per source. Any thread may call any method.

    The producer of a file waits for room; a live source's newest frame takes the place of one that still waits.
    """

    def __init__(self, sources: Iterable[str], queue_size: int) -> None:
        self._queue_size = queue_size
        self._waiting: deque[Job] = deque()
        self._count = dict.fromkeys(sources, 0)
        self._sources_left = len(self._count)
        self._closed = False
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._room = threading.Condition(lock)

    def put(self, job: Job, *, live: bool) -> None:
        """Queue a frame of its source; raises Closed once closed."""
        source = job.frame.source
        with self._room:
            if live:
                self._drop_older(source)
            else:
                self._room.wait_for(lambda: self._closed or self._count[source] < self._queue_size)
            if self._closed:
                raise Closed
            self._waiting.append(job)
            self._count[source] += 1
            self._work.notify()

    def _drop_older(self, source: str) -> None:
        if self._count[source]:
            self._waiting = deque(job for job in self._waiting if job.frame.source != source)
            self._count[source] = 0

    def take(self, max_batch: int, timeout_s: float) -> list[Job]:
        """Frames of one input size, oldest first.

        Raises TimeoutError when nothing came in time, and Closed once closed or when every source has ended.
        """
        with self._work:
            if not self._work.wait_for(self._has_news, timeout_s):
                raise TimeoutError(f"no frame for {timeout_s} s")
            if self._closed:
                raise Closed
            if not self._waiting:
                raise Closed
            batch = self._take_batch(max_batch)
            self._room.notify_all()
            return batch

    def _has_news(self) -> bool:
        return bool(self._waiting) or self._closed or not self._sources_left

    def _take_batch(self, max_batch: int) -> list[Job]:
        first = self._waiting.popleft()
        batch, kept, passed_over = [first], [], set()
        while self._waiting and len(batch) < max_batch:
            job = self._waiting.popleft()
            alike = job.prepared.tensor.shape == first.prepared.tensor.shape
            alike = alike and job.prepared.backend is first.prepared.backend
            if alike and job.frame.source not in passed_over:
                batch.append(job)
            else:  # whatever follows from this source must not overtake it
                passed_over.add(job.frame.source)
                kept.append(job)
        self._waiting.extendleft(reversed(kept))
        for job in batch:
            self._count[job.frame.source] -= 1
        return batch

    def finish(self) -> None:
        """One source has ended; `take` still gives what waits."""
        with self._work:
            self._sources_left -= 1
            self._work.notify_all()

    def close(self) -> None:
        """Let everybody go; frames that still wait are dropped."""
        with self._work:
            self._closed = True
            self._waiting.clear()
            self._work.notify_all()
            self._room.notify_all()
