"""A stand-in for pycuda whose GPU is host memory, so that PycudaMemory's own code runs under fake_tensorrt.py.

`install(monkeypatch)` puts it in the place of `pycuda.driver`. Streams hold their work until somebody waits for them.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from fake_tensorrt import STREAMS


class CudaError(Exception):
    """pycuda.driver.Error."""


class Context:
    def push(self) -> None: ...

    def detach(self) -> None: ...

    @staticmethod
    def pop() -> None: ...


class Gpu:
    def __init__(self, number: int) -> None: ...

    def retain_primary_context(self) -> Context:
        return Context()

    def get_attribute(self, attribute: str) -> int:
        return 1

    def name(self) -> str:
        return "Fake Orin"

    def compute_capability(self) -> tuple[int, int]:
        return 8, 7

    @staticmethod
    def count() -> int:
        return 1


class Stream:
    def __init__(self) -> None:
        self.handle = 1 + len(STREAMS)
        STREAMS[self.handle] = []

    def synchronize(self) -> None:
        for work in STREAMS[self.handle]:
            work()
        STREAMS[self.handle].clear()


class Block:
    """A block on the device."""

    def __init__(self, nbytes: int) -> None:
        self.memory = np.zeros(nbytes, np.uint8)
        BLOCKS[int(self)] = self.memory

    def __int__(self) -> int:
        return int(self.memory.ctypes.data)

    def free(self) -> None:
        BLOCKS.pop(int(self), None)


BLOCKS: dict[int, Any] = {}


def _in_stream(copy: Callable[[], Any], stream: Stream) -> None:
    STREAMS[stream.handle].append(copy)


def to_device(address: int, host: Any, stream: Stream) -> None:
    _in_stream(lambda: np.copyto(BLOCKS[address][: len(host)], host), stream)


def to_host(host: Any, address: int, stream: Stream) -> None:
    _in_stream(lambda: np.copyto(host, BLOCKS[address][: len(host)]), stream)


def make() -> types.ModuleType:
    """The module `pycuda.driver`."""
    driver = types.ModuleType("pycuda.driver")
    found = {
        "Error": CudaError,
        "init": lambda: None,
        "Device": Gpu,
        "Context": Context,
        "Stream": Stream,
        "mem_alloc": Block,
        "pagelocked_empty": lambda nbytes, kind, mem_flags=0: np.zeros(nbytes, kind),
        "memcpy_htod_async": to_device,
        "memcpy_dtoh_async": to_host,
        "device_attribute": types.SimpleNamespace(INTEGRATED="integrated"),
        "host_alloc_flags": types.SimpleNamespace(DEVICEMAP=2),
    }
    for name, value in found.items():
        setattr(driver, name, value)
    return driver


def install(monkeypatch: Any) -> types.ModuleType:
    """Put it where `import pycuda.driver` finds it; gives the module, for a test to break."""
    package, driver = types.ModuleType("pycuda"), make()
    package.driver = driver  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.setitem(sys.modules, "pycuda.driver", driver)
    return driver
