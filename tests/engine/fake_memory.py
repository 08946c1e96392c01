"""DeviceMemory in host memory: separate host and device blocks, streams that do nothing until they are waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from fake_tensorrt import STREAMS

from edgepose.backends.device_memory import Buffer, Device


class FakeMemory:
    """Counts what is alive, and refuses every call from a thread in which the context is not current."""

    def __init__(self, name: str = "Fake Orin", compute_capability: str = "8.7", unified: bool = True) -> None:
        self.device = Device(name=name, compute_capability=compute_capability, unified_memory=unified)
        self.alive = 0
        self.copies: list[str] = []
        self.closed = False
        self._current = threading.local()

    @contextmanager
    def active(self) -> Iterator[None]:
        assert not self.closed, "the context was let go"
        self._current.depth = getattr(self._current, "depth", 0) + 1
        try:
            yield
        finally:
            self._current.depth -= 1

    def _check(self) -> None:
        assert getattr(self._current, "depth", 0) > 0, "no current context in this thread"

    def buffer(self, nbytes: int, mapped: bool) -> Buffer:
        self._check()
        self.alive += 1
        host = np.zeros(nbytes, np.uint8)
        device = host if mapped else np.zeros(nbytes, np.uint8)
        return Buffer(host, device.ctypes.data, None if mapped else device)

    def stream(self) -> int:
        self._check()
        handle = 1 + len(STREAMS)
        STREAMS[handle] = []
        return handle

    def handle(self, stream: int) -> int:
        return stream

    def to_device(self, buffer: Buffer, nbytes: int, stream: int) -> None:
        self._copy("in", buffer, stream, lambda: np.copyto(buffer.allocation[:nbytes], buffer.host[:nbytes]))

    def to_host(self, buffer: Buffer, nbytes: int, stream: int) -> None:
        self._copy("out", buffer, stream, lambda: np.copyto(buffer.host[:nbytes], buffer.allocation[:nbytes]))

    def _copy(self, way: str, buffer: Buffer, stream: int, work: Callable[[], Any]) -> None:
        self._check()
        if buffer.allocation is not None:
            self.copies.append(f"{way} {stream}")
            STREAMS[stream].append(work)

    def wait(self, stream: int) -> None:
        self._check()
        for work in STREAMS[stream]:
            work()
        STREAMS[stream].clear()

    def free(self, buffer: Buffer) -> None:
        self._check()
        self.alive -= 1

    def close(self) -> None:
        self.closed = True
