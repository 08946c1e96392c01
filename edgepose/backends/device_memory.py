"""Device memory for the TensorRT backend behind a small interface: buffers, copies, streams, and the CUDA context.

`PycudaMemory` retains the primary context, the one PyTorch uses too, and makes it current only while a thread works
with it. `pycuda.autoinit` would make another one at import and leave it current for ever.
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ClosedError, DeviceError, MissingDependencyError
from edgepose.options import Options


class Device(Options, frozen=True):
    """The GPU: its name, compute capability such as "8.7", and whether it shares memory with the CPU (Jetson)."""

    name: str
    compute_capability: str
    unified_memory: bool


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """A block of memory that host and device know.

    host: uint8 (nbytes,), pinned. address: on the device. allocation: the device's own block, None where it is mapped.
    """

    host: NDArray[np.uint8]
    address: int
    allocation: Any = None


class DeviceMemory(Protocol):
    """What the backend needs of CUDA. Everything but `device` and `close` is called inside `active()`."""

    device: Device

    def active(self) -> AbstractContextManager[None]:
        """Make the context current in this thread, and the earlier one again afterwards."""
        ...

    def buffer(self, nbytes: int, mapped: bool) -> Buffer:
        """A pinned host block with its device side: separate memory, or the same where `mapped`."""
        ...

    def stream(self) -> Any:
        """A new stream; its number for TensorRT is `handle(stream)`."""
        ...

    def handle(self, stream: Any) -> int: ...

    def to_device(self, buffer: Buffer, nbytes: int, stream: Any) -> None:
        """Start the copy of the first `nbytes`; nothing to do for mapped memory."""
        ...

    def to_host(self, buffer: Buffer, nbytes: int, stream: Any) -> None: ...

    def wait(self, stream: Any) -> None:
        """Return when everything put into the stream is done."""
        ...

    def free(self, buffer: Buffer) -> None: ...

    def close(self) -> None:
        """Let the context go; closing twice is fine."""
        ...


class PycudaMemory:
    """DeviceMemory with pycuda, for any thread. DeviceError when there is no working GPU.

    pycuda frees a block or stream only where its context is current, so `free` it, or let go of it, inside `active()`.
    """

    def __init__(self, number: int = 0) -> None:
        try:
            import pycuda.driver as cuda
        except Exception as error:  # one that was built against another numpy or CUDA fails in its own ways
            raise MissingDependencyError(
                f"TensorRT engines need pycuda, which is not usable ({error}): pip install 'edgepose[jetson]'"
            ) from None
        self._cuda: Any = cuda
        try:
            cuda.init()
            if cuda.Device.count() <= number:
                raise DeviceError(f"wanted GPU {number}, this machine has {cuda.Device.count()}")
            gpu = cuda.Device(number)
            self._context: Any = gpu.retain_primary_context()
        except cuda.Error as error:
            raise DeviceError(f"no working NVIDIA GPU ({_one_line(error)})") from None
        self._release = weakref.finalize(self, _release, self._context, cuda.Error, os.getpid())
        integrated = bool(gpu.get_attribute(cuda.device_attribute.INTEGRATED))
        self.device = Device(
            name=gpu.name(),
            compute_capability=".".join(map(str, gpu.compute_capability())),
            unified_memory=integrated,
        )

    @contextmanager
    def active(self) -> Iterator[None]:
        """See DeviceMemory.active."""
        if self._context is None:
            raise ClosedError("this GPU memory was closed; open the GPU again")
        self._checked(self._context.push)
        try:
            yield
        finally:
            self._checked(self._cuda.Context.pop)

    def buffer(self, nbytes: int, mapped: bool) -> Buffer:
        """See DeviceMemory.buffer. DeviceError when memory runs out."""
        cuda = self._cuda
        flags = cuda.host_alloc_flags.DEVICEMAP if mapped else 0
        host = None
        try:
            host = cuda.pagelocked_empty(nbytes, np.uint8, mem_flags=flags)
            if mapped:
                return Buffer(host, int(host.base.get_device_pointer()))
            allocation = cuda.mem_alloc(nbytes)
        except cuda.Error as error:
            if host is not None:  # now, while its context is current
                host.base.free()
            raise DeviceError(f"the GPU gives no {nbytes} bytes ({_one_line(error)}); stop other programs") from None
        return Buffer(host, int(allocation), allocation)

    def stream(self) -> Any:
        """See DeviceMemory.stream."""
        return self._cuda.Stream()

    def handle(self, stream: Any) -> int:
        """See DeviceMemory.handle."""
        return int(stream.handle)

    def to_device(self, buffer: Buffer, nbytes: int, stream: Any) -> None:
        """See DeviceMemory.to_device."""
        if buffer.allocation is not None:
            self._checked(self._cuda.memcpy_htod_async, buffer.address, buffer.host[:nbytes], stream)

    def to_host(self, buffer: Buffer, nbytes: int, stream: Any) -> None:
        """See DeviceMemory.to_host."""
        if buffer.allocation is not None:
            self._checked(self._cuda.memcpy_dtoh_async, buffer.host[:nbytes], buffer.address, stream)

    def wait(self, stream: Any) -> None:
        """See DeviceMemory.wait."""
        self._checked(stream.synchronize)

    def free(self, buffer: Buffer) -> None:
        """See DeviceMemory.free."""
        if buffer.allocation is not None:
            buffer.allocation.free()

    def close(self) -> None:
        """See DeviceMemory.close."""
        self._context = None
        self._release()

    def _checked(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except self._cuda.Error as error:
            raise DeviceError(f"the GPU failed ({_one_line(error)})") from None


def keep_for_ever(thing: Any) -> None:
    """Take care that an object and all that it holds is never destroyed, not even when the process ends.

    For a child after a fork: it has no driver, and pycuda's destructors end a process in which the driver fails them.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _release(context: Any, error: type[Exception], pid: int) -> None:
    """Give a retained primary context back, in a thread of its own.

    pycuda detaches in the thread that made the context or where it is current, and leaves it on that thread's stack of
    contexts; with this thread that stack goes too.
    """
    if os.getpid() != pid:
        keep_for_ever(context)
        return

    def detach() -> None:
        with suppress(error):  # a GPU that is gone has nothing to give back to
            context.push()
            context.detach()

    try:
        thread = threading.Thread(target=detach, name="cuda-release")
        thread.start()
        thread.join()
    except RuntimeError:  # no new thread: Python is ending, and this one's stack with it
        detach()


def _one_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
