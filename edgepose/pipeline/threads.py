"""What the capture threads (one per source) and the infer thread do.

Each is a plain loop over the same stages that `Analyser` calls; queues, stop events and progress counters are all that
is added here. A loop ends by returning, by Closed, or by an error that its Worker hands to the pipeline.
"""

from __future__ import annotations

import time
from threading import Event as Flag

from edgepose.errors import ClosedError
from edgepose.look.network import Network, Preparer
from edgepose.names import slug
from edgepose.pipeline.inbox import Job
from edgepose.pipeline.queues import Inferred, Queues
from edgepose.sources import Source
from edgepose.sources.condition import Watcher
from edgepose.types import CameraState, Frame

POLL_S = 0.25
"""Longest wait without ticking a progress counter."""

FIRST_PICTURE_S = 5.0
"""How long the network waits for its first picture until it counts as running without having seen one."""


class Capture:
    """Reads one source and prepares its frames, so that the infer thread only waits for the device."""

    def __init__(self, source: Source, preparer: Preparer, queues: Queues, picture_s: float = 0.0) -> None:
        """picture_s: seconds between two looks at whether the picture shows anything, 0 for none."""
        self.name = f"capture {source.name}"
        self._source = source
        self._camera = slug(source.name)
        self._preparer = preparer
        self._queues = queues
        self._state: CameraState | None = None
        self._watcher = Watcher(picture_s, moves=source.live)
        queues.troubles[source.name] = ()

    def __call__(self, stop: Flag) -> None:
        try:
            while not stop.is_set():
                self._queues.progress[self.name] += 1
                self._step()
        except EOFError:
            pass
        except ClosedError:
            if not stop.is_set():
                raise
        finally:
            self._tell_state()
            self._queues.inbox.finish()

    def _step(self) -> None:
        began = time.perf_counter()
        frame = self._source.read(POLL_S)
        self._tell_state()
        if frame is None:
            return
        if self._queues.pauses.until(self._camera) is not None:
            self._look_away()
            return
        self._watch(frame)
        captured = time.perf_counter()
        prepared = self._preparer(frame.image)
        timings_ms = {"capture": (captured - began) * 1e3, "preprocess": (time.perf_counter() - captured) * 1e3}
        self._queues.inbox.put(Job(frame, prepared, timings_ms), live=self._source.live)

    def _watch(self, frame: Frame) -> None:
        self._watcher.update(frame.image, frame.t)
        if self._watcher.troubles != self._queues.troubles[self._source.name]:
            self._queues.troubles[self._source.name] = self._watcher.troubles

    def _look_away(self) -> None:
        """No picture is looked at now: nothing is known of it."""
        self._watcher.pause()
        self._queues.troubles[self._source.name] = ()

    def _tell_state(self) -> None:
        state = self._source.state
        if state != self._state:
            self._state = state
            if state in ("reconnecting", "offline"):  # that is what is wrong now
                self._look_away()
            self._queues.notices.put((self._source.name, state))


class Infer:
    """Runs the network on frames as they come."""

    def __init__(self, network: Network, queues: Queues, max_batch: int) -> None:
        self._network = network
        self._queues = queues
        self._max_batch = max_batch

    def __call__(self, stop: Flag) -> None:
        waits_until_s = time.monotonic() + FIRST_PICTURE_S
        seen = False
        try:
            while not stop.is_set():
                seen = self._step() or seen
                if seen or time.monotonic() > waits_until_s:  # the first tick says that the network has answered
                    self._queues.progress["infer"] += 1
        finally:
            self._queues.inferred.close()

    def _step(self) -> bool:
        """Whether there was a picture."""
        try:
            n = self._max_batch if self._network.backend.spec.dynamic_batch else 1
            jobs = self._queues.inbox.take(n, POLL_S)
        except TimeoutError:
            return False
        self._queues.inferred.put(self._frames(jobs))
        return True

    def _frames(self, jobs: list[Job]) -> list[Inferred]:
        began = time.perf_counter()
        backend, tensors = jobs[0].prepared.backend or self._network.backend, [job.prepared.tensor for job in jobs]
        if backend.spec.dynamic_batch:
            fields = self._network.infer(tensors, backend=backend)
        else:  # its place was taken by one that takes more at once
            fields = [one for tensor in tensors for one in self._network.infer([tensor], backend=backend)]
        infer_ms = (time.perf_counter() - began) * 1e3
        return [
            Inferred(job.frame, one, job.prepared.letterbox, job.timings_ms | {"infer": infer_ms})
            for job, one in zip(jobs, fields, strict=True)
        ]
