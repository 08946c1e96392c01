"""Runs an engine with TensorRT 8.6 to 11: tensors by name, asynchronous, pinned memory, two lanes that overlap.

A lane is an execution context with a stream and buffers of its own. A batch beyond the engine's is cut in pieces that
take turns, so that one lane copies while the other computes.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.backends import BackendInfo
from edgepose.backends.device_memory import Buffer, Device, DeviceMemory, PycudaMemory, keep_for_ever
from edgepose.backends.engine_file import EngineKey, StaleEngineError, read_genuine
from edgepose.backends.filling import filled
from edgepose.backends.options import BackendOptions
from edgepose.backends.outputs import check_batch, check_strides
from edgepose.errors import BackendError, ClosedError, EdgePoseError, MissingDependencyError, ModelError, ShapeError
from edgepose.model import ModelSpec
from edgepose.types import FloatArray, Image

N_LANES = 2


def tensorrt_module() -> Any:
    """The tensorrt package; MissingDependencyError that says where it comes from."""
    try:
        return import_module("tensorrt")
    except Exception as error:  # a broken installation fails in its own ways: OSError, RuntimeError, AttributeError
        raise MissingDependencyError(
            f"TensorRT is not usable here ({error}); on a Jetson it comes with JetPack (apt-get install "
            "python3-libnvinfer), elsewhere: pip install tensorrt"
        ) from None


def gpu_trouble() -> str:
    """Why no engine can be built or run on this machine; empty where nothing stands against it."""
    try:
        tensorrt_module()
        PycudaMemory().close()
    except EdgePoseError as error:
        return str(error)
    return ""


class TensorRtBackend:
    """One engine. `infer` from one thread at a time; `close` from any thread, which waits for a running `infer`.

    spec: not asked, for the contract that is sealed with the engine holds. memory: opens the GPU, PycudaMemory unless
    a test brings its own. Raises DeviceError or MissingDependencyError where there is no GPU, StaleEngineError for an
    engine of another TensorRT or GPU, ModelError for a foreign or damaged file; all of that is settled before the file
    reaches TensorRT, whose runtime crashes on such things. After a fork the child has no CUDA: using the backend there
    raises BackendError. What nobody closes is closed when it is collected, or when the program ends.
    """

    gives_away = True  # pinned memory is copied, since every lane writes to its own again

    def __init__(
        self,
        engine: Path,
        spec: ModelSpec | None,
        options: BackendOptions,
        memory: Callable[[], DeviceMemory] | None = None,
    ) -> None:
        trt = tensorrt_module()
        data, sidecar = read_genuine(engine)
        self.sidecar, key, spec = sidecar, sidecar.key, sidecar.contract
        self._memory = (memory or PycudaMemory)()
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._loaded: list[Any] = []  # runtime, then engine
        self._lanes: list[_Lane] = []
        self._end = weakref.finalize(self, _let_go, self._lanes, self._loaded, self._memory, self._lock, self._pid)
        try:
            _check_fits(engine, key, str(trt.__version__), self._memory.device)
            with self._memory.active():
                self._loaded.append(trt.Runtime(trt.Logger(trt.Logger.WARNING)))
                self._loaded.append(self._loaded[0].deserialize_cuda_engine(data))
                if self._loaded[1] is None:
                    raise ModelError(f"TensorRT {trt.__version__} refuses engine '{engine}'; build it again")
                self.takes_pixels = _check_tensors(self._loaded[1], trt, spec, engine)
                self._fill = 0 if spec.dynamic_batch else spec.batch
                self._key, self._options, self._spec = key, options, spec
                self._lanes.append(self._lane())
        except BaseException:
            self._end()
            raise
        # An engine has one size, whatever its ONNX file takes; pieces of a batch are run one after the other.
        self.spec = msgspec.structs.replace(spec, input_hw=key.input_hw, dynamic_size=False, dynamic_batch=True)
        self.info = BackendInfo(
            name="tensorrt",
            version=str(trt.__version__),
            device=self._memory.device.name,
            precision=key.precision,
            engine=str(engine),
        )
        self._checked: tuple[int, ...] | None = None

    def infer(self, batch: FloatArray | Image) -> list[NDArray[Any]]:
        """See Backend.infer. A batch of any length is run in pieces of what the engine's profile holds."""
        if os.getpid() != self._pid:
            raise BackendError(
                "this engine was loaded before a fork, and CUDA does not survive one; open it again here"
            )
        with self._lock:
            if not self._end.alive:
                raise ClosedError(f"the network {self.spec.name} was closed; open it again with open_backend")
            if self.takes_pixels and batch.dtype != np.uint8:
                raise ShapeError(
                    f"this engine takes pictures as uint8 (N, H, W, 3) BGR, got {batch.dtype} {batch.shape}; for "
                    "float32 build it with --float-input"
                )
            check_batch(self.spec, batch, pixels=self.takes_pixels)
            if batch.shape[1:] != self._lanes[0].input_shape:
                H, W = self._key.input_hw
                raise BackendError(
                    f"this engine was built for inputs of {H}x{W}, got shape {batch.shape}; rebuild it with "
                    "edgepose build --size"
                )
            with self._memory.active():
                outputs = self._run(batch)
        if self._checked != batch.shape:
            check_strides(self.spec, batch, outputs)
            self._checked = batch.shape
        return outputs

    def _lane(self) -> _Lane:
        engine, pixels = self._loaded[1], self.takes_pixels
        return _Lane(engine, self._memory, self._spec, self._key, self._options, self._fill, pixels)

    def _run(self, batch: NDArray[Any]) -> list[NDArray[Any]]:
        size = self._fill or self._key.max_batch
        pieces = [batch[start : start + size] for start in range(0, len(batch), size)]
        if len(pieces) > 1 and len(self._lanes) < N_LANES:
            self._lanes.append(self._lane())
        results: list[list[NDArray[Any]]] = []
        waiting: list[_Lane] = []
        for k, piece in enumerate(pieces):
            lane = self._lanes[k % len(self._lanes)]
            if len(waiting) == len(self._lanes):
                results.append(waiting.pop(0).finish())
            lane.start(piece)
            waiting.append(lane)
        results += [lane.finish() for lane in waiting]
        if len(results) == 1:
            return results[0]
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    def close(self) -> None:
        """See Backend.close."""
        if os.getpid() != self._pid:
            return  # the parent's to free
        self._end()


def _let_go(lanes: list[_Lane], loaded: list[Any], memory: DeviceMemory, lock: threading.Lock, pid: int) -> None:
    """Free lanes, engine and runtime, in this order, and close the memory; in a forked child they are the parent's."""
    if os.getpid() != pid:
        keep_for_ever(lanes)
        keep_for_ever(loaded)
        return
    with lock:
        try:
            with memory.active():
                while lanes:
                    lanes.pop().free()
                while loaded:
                    loaded.pop()
        finally:
            memory.close()


class _Lane:
    """One execution context, its stream, and pinned buffers for a full batch.

    fill: pictures that a graph of a fixed batch takes, to which a piece is filled up; 0 where any number up to the
    engine's may go in. pixels: whether the input is uint8.
    """

    def __init__(
        self,
        engine: Any,
        memory: DeviceMemory,
        spec: ModelSpec,
        key: EngineKey,
        options: BackendOptions,
        fill: int,
        pixels: bool,
    ) -> None:
        self._memory = memory
        self._context = engine.create_execution_context()
        if self._context is None:
            raise BackendError("TensorRT has no memory for another execution context; stop other programs")
        self._input_name = spec.input_name
        H, W = key.input_hw
        self.input_shape = (3, H, W) if spec.input_layout == "NCHW" and not pixels else (H, W, 3)
        self._dtype = np.dtype(np.uint8 if pixels else np.float32)
        self._names = list(dict.fromkeys([spec.heatmaps.name, spec.pafs.name]))
        self._context.set_input_shape(self._input_name, (fill or key.max_batch, *self.input_shape))
        self._fill = fill
        self._n = fill
        self._kept = 0
        self._stream: Any = None
        self._buffers: dict[str, Buffer] = {}
        try:
            self._allocate(options.mapped_memory and memory.device.unified_memory)
        except BaseException:
            self.free()
            raise

    def _allocate(self, mapped: bool) -> None:
        self._stream = self._memory.stream()
        for name in [self._input_name, *self._names]:
            shape = tuple(self._context.get_tensor_shape(name))
            size = self._dtype.itemsize if name == self._input_name else 4
            self._buffers[name] = self._memory.buffer(int(np.prod(shape)) * size, mapped)
            self._context.set_tensor_address(name, self._buffers[name].address)

    def start(self, piece: NDArray[Any]) -> None:
        """Copy in, compute and copy out, all in the stream; returns at once."""
        memory, source = self._memory, self._buffers[self._input_name]
        self._kept = len(piece)
        if self._fill:
            piece = filled(piece, self._fill)
        source.host[: piece.nbytes].view(self._dtype).reshape(piece.shape)[...] = piece
        memory.to_device(source, piece.nbytes, self._stream)
        if len(piece) != self._n:
            self._context.set_input_shape(self._input_name, piece.shape)
            self._n = len(piece)
        if not self._context.execute_async_v3(memory.handle(self._stream)):
            raise BackendError("TensorRT could not run the engine; its own message is in the log")
        for name in self._names:
            memory.to_host(self._buffers[name], self._nbytes(name), self._stream)

    def finish(self) -> list[NDArray[Any]]:
        """Wait, and give heatmaps and PAFs as float32 copies."""
        self._memory.wait(self._stream)
        found = [
            self._buffers[name].host[: self._nbytes(name)].view(np.float32).reshape(self._shape(name))
            for name in self._names
        ]
        kept = [values[: self._kept].copy() for values in found]
        return [kept[0], kept[-1]]

    def free(self) -> None:
        """Give everything back, inside `active()`."""
        self._context = None
        self._stream = None
        while self._buffers:
            self._memory.free(self._buffers.popitem()[1])

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(int(size) for size in self._context.get_tensor_shape(name))

    def _nbytes(self, name: str) -> int:
        return int(np.prod(self._shape(name))) * 4


def _check_fits(engine: Path, key: EngineKey, version: str, device: Device) -> None:
    here = {"tensorrt": version, "gpu": device.name, "compute_capability": device.compute_capability}
    for field, value in here.items():
        if getattr(key, field) != value:
            raise StaleEngineError(
                f"engine '{engine}' was built for {field.replace('_', ' ')} {getattr(key, field)}, this device has "
                f"{value}; rebuild it with: edgepose build {engine.with_suffix('.onnx').name}"
            )


def _check_tensors(engine: Any, trt: Any, spec: ModelSpec, path: Path) -> bool:
    """Whether the input is uint8 pictures; ModelError unless the engine has the contract's tensors, else float32."""
    names = [engine.get_tensor_name(k) for k in range(engine.num_io_tensors)]
    for name in (spec.input_name, spec.heatmaps.name, spec.pafs.name):
        if name not in names:
            raise ModelError(f"engine '{path}' has tensors {names}, the contract wants {name!r}; correct the sidecar")
        kind = engine.get_tensor_dtype(name)
        if name == spec.input_name and kind == trt.DataType.UINT8:
            continue
        if kind != trt.DataType.FLOAT:
            raise ModelError(
                f"engine '{path}' takes {name!r} in another type than float32; build it with: edgepose build"
            )
    return bool(engine.get_tensor_dtype(spec.input_name) == trt.DataType.UINT8)
