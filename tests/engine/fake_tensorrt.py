"""A stand-in for `tensorrt` of one version: real names from a table, small behaviours, AttributeError for the rest.

It builds "engines" that hold the ONNX graph and runs them with ONNX Runtime on the memory it is pointed at, so that
what reaches the network and what comes back is checked by value. It proves that no call uses a name that a version
lacks, that shapes, flags and profiles are set, and that buffers and streams are used in order; it proves nothing about
real kernels.
"""

from __future__ import annotations

import ctypes
import enum
import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TABLES = Path(__file__).parent / "tensorrt_tables"
VERSIONS = ("8.6", "10.3", "10.13", "10.16", "11.4")
STREAMS: dict[int, list[Callable[[], None]]] = {}
"""Work waiting in each stream, by handle; fake_memory.py runs it when the stream is waited for."""


def make(version: str) -> types.ModuleType:
    """A module like `import tensorrt` gives under this version."""
    table = json.loads((TABLES / f"{version}.json").read_text())
    module = types.ModuleType("tensorrt")
    module.__version__ = table["version"]  # type: ignore[attr-defined]
    for name, entry in table["classes"].items():
        if entry["kind"] == "enum":
            made: Any = enum.IntEnum(name, {member: k for k, member in enumerate(entry["members"])})
        else:
            made = _class(name, set(entry["attributes"]), BEHAVIOURS.get(name, object), module)
        setattr(module, name, made)
    return module


def _class(name: str, names: set[str], behaviour: type, module: types.ModuleType) -> type:
    """A class that offers `behaviour`, held to the public names that this version has."""

    def guard(self: Any, attribute: str) -> None:
        private_or_own = attribute.startswith("_") or type(self).__name__ != name
        if attribute not in names and not private_or_own:
            raise AttributeError(f"tensorrt {module.__version__}: {name} has no {attribute!r}")  # type: ignore[attr-defined]

    def getattribute(self: Any, attribute: str) -> Any:
        guard(self, attribute)
        return object.__getattribute__(self, attribute)

    def setattribute(self: Any, attribute: str, value: Any) -> None:
        guard(self, attribute)
        object.__setattr__(self, attribute, value)

    own = {key: value for key, value in vars(behaviour).items() if key.startswith("_") or key in names}
    own = {key: value for key, value in own.items() if key not in ("__dict__", "__weakref__")}
    missing = dict.fromkeys(names - set(own))  # so that hasattr on the class tells what this version has
    return type(
        name, (), {**missing, **own, "__getattribute__": getattribute, "__setattr__": setattribute, "_trt": module}
    )


class Logger:
    class Severity(enum.IntEnum):
        INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = Severity

    def __init__(self, severity: Any = None) -> None:
        pass

    def log(self, severity: Any, message: str) -> None:
        pass


class ParserError:
    def __init__(self, text: str, operator: str = "", name: str = "") -> None:
        self._text, self._operator, self._name = text, operator, name

    def desc(self) -> str:
        return self._text

    def node(self) -> int:
        return 0

    def node_operator(self) -> str:
        return self._operator

    def node_name(self) -> str:
        return self._name


class OnnxParser:
    num_errors = 0

    def __init__(self, network: Any, logger: Any) -> None:
        self._network = network

    def parse(self, data: bytes) -> bool:
        import onnx

        try:
            model = onnx.load_from_string(data)
            onnx.checker.check_model(model)
        except Exception as error:
            return self._refuse(str(error).splitlines()[0])
        for node in model.graph.node:
            if node.domain not in ("", "ai.onnx"):
                return self._refuse("no importer registered for op", node.op_type, node.name)
        self._network._data = data
        return True

    def get_error(self, k: int) -> Any:
        return self._error

    def _refuse(self, *words: str) -> bool:
        self._error = self._trt.ParserError(*words)  # type: ignore[attr-defined]
        object.__setattr__(self, "num_errors", 1)
        return False


class OptimizationProfile:
    def __init__(self) -> None:
        self._shapes: dict[str, Any] = {}

    def set_shape(self, name: str, smallest: Any, usual: Any, largest: Any) -> None:
        self._shapes[name] = [list(smallest), list(usual), list(largest)]


class TimingCache:
    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    def serialize(self) -> bytes:
        return b"timing"


class BuilderConfig:
    def __init__(self) -> None:
        self._flags: list[str] = []
        self._profiles: list[Any] = []
        self._pools: dict[str, int] = {}
        self._timing: Any = None

    def set_flag(self, flag: Any) -> None:
        self._flags.append(flag.name)

    def set_memory_pool_limit(self, pool: Any, size: int) -> None:
        self._pools[pool.name] = size

    def add_optimization_profile(self, profile: Any) -> int:
        self._profiles.append(profile)
        return len(self._profiles) - 1

    def create_timing_cache(self, data: bytes) -> Any:
        return self._trt.ITimingCache(data) if data in (b"", b"timing") else None  # type: ignore[attr-defined]

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        self._timing = cache
        return True

    def get_timing_cache(self) -> Any:
        return self._timing


class Network:
    _data = b""
    _typed = False


class Builder:
    num_DLA_cores = 2  # noqa: N815 (TensorRT's name)

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def create_network(self, flags: int = 0) -> Any:
        network = self._trt.INetworkDefinition()  # type: ignore[attr-defined]
        members = self._trt.NetworkDefinitionCreationFlag.__members__  # type: ignore[attr-defined]
        names = [name for name, value in members.items() if flags >> int(value) & 1]
        network._typed = "STRONGLY_TYPED" in names
        network._explicit = "EXPLICIT_BATCH" in names
        return network

    def create_builder_config(self) -> Any:
        return self._trt.IBuilderConfig()  # type: ignore[attr-defined]

    def create_optimization_profile(self) -> Any:
        return self._trt.IOptimizationProfile()  # type: ignore[attr-defined]

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        trt: Any = self._trt  # type: ignore[attr-defined]
        if config._pools.get("WORKSPACE", 0) < 32 << 20:
            self._logger.log(trt.ILogger.Severity.ERROR, "Requested amount of GPU memory: out of memory")
            return None
        calibrator = config.__dict__.get("int8_calibrator")
        ranges = None
        if calibrator is not None:
            cache = calibrator.read_calibration_cache()
            ranges = bytes(cache).decode() if cache else ""
            if not ranges.startswith("TRT-"):
                while calibrator.get_batch(["input"]) is not None:
                    pass
                calibrator.write_calibration_cache(b"TRT-own\n")
        monitor = config.__dict__.get("progress_monitor")
        if monitor is not None:
            monitor.phase_start("Building", None, 2)
            monitor.step_complete("Building", 0)
            monitor.step_complete("Building", 1)
            monitor.phase_finish("Building")
        facts = {
            "version": trt.__version__,
            "flags": config._flags,
            "typed": network._typed,
            "explicit": network._explicit,
            "shapes": config._profiles[0]._shapes if config._profiles else {},
            "cache": ranges,
            "dla": config.__dict__.get("DLA_core"),
        }
        return json.dumps(facts).encode() + b"\n" + network._data


class Runtime:
    def __init__(self, logger: Any) -> None:
        pass

    def deserialize_cuda_engine(self, data: bytes) -> Any:
        facts, _, model = bytes(data).partition(b"\n")
        if json.loads(facts)["version"] != self._trt.__version__:  # type: ignore[attr-defined]
            return None
        return self._trt.ICudaEngine(model)  # type: ignore[attr-defined]


class Engine:
    def __init__(self, model: bytes) -> None:
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = [item.name for item in self._session.get_inputs()]
        self._outputs = [item.name for item in self._session.get_outputs()]
        self._input_type = np.uint8 if self._session.get_inputs()[0].type == "tensor(uint8)" else np.float32

    @property
    def num_io_tensors(self) -> int:
        return len(self._inputs) + len(self._outputs)

    def get_tensor_name(self, k: int) -> str:
        return [*self._inputs, *self._outputs][k]

    def get_tensor_dtype(self, name: str) -> Any:
        kinds = self._trt.DataType  # type: ignore[attr-defined]
        return kinds.UINT8 if name in self._inputs and self._input_type == np.uint8 else kinds.FLOAT

    def create_execution_context(self) -> Any:
        return self._trt.IExecutionContext(self)  # type: ignore[attr-defined]


class ExecutionContext:
    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._shape: tuple[int, ...] = ()
        self._known: dict[tuple[int, ...], dict[str, tuple[int, ...]]] = {}

    def set_input_shape(self, name: str, shape: Any) -> bool:
        self._shape = tuple(shape)
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if name in self._engine._inputs:
            return self._shape
        if self._shape not in self._known:
            zeros = np.zeros(self._shape, self._engine._input_type)
            found = self._engine._session.run(None, {self._engine._inputs[0]: zeros})
            self._known[self._shape] = dict(zip(self._engine._outputs, [a.shape for a in found], strict=True))
        return self._known[self._shape][name]

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        shape, engine = self._shape, self._engine
        places = {name: (self._addresses[name], self.get_tensor_shape(name)) for name in self._addresses}

        def work() -> None:
            source, _ = places[engine._inputs[0]]
            found = engine._session.run(None, {engine._inputs[0]: at(source, shape, engine._input_type).copy()})
            for name, value in zip(engine._outputs, found, strict=True):
                if name in places:
                    at(*places[name])[...] = value

        STREAMS[stream_handle].append(work)
        return True


def at(address: int, shape: tuple[int, ...], kind: Any = np.float32) -> np.ndarray[Any, Any]:
    """The array that lies at an address of this process."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer((ctypes.c_uint8 * size).from_address(address), kind).reshape(shape)


class Calibrator:
    def __init__(self) -> None:
        pass


BEHAVIOURS: dict[str, type] = {
    "Builder": Builder,
    "IBuilderConfig": BuilderConfig,
    "ICudaEngine": Engine,
    "IExecutionContext": ExecutionContext,
    "IInt8EntropyCalibrator2": Calibrator,
    "IInt8MinMaxCalibrator": Calibrator,
    "ILogger": Logger,
    "INetworkDefinition": Network,
    "IOptimizationProfile": OptimizationProfile,
    "IProgressMonitor": Calibrator,
    "ITimingCache": TimingCache,
    "Logger": Logger,
    "OnnxParser": OnnxParser,
    "ParserError": ParserError,
    "Runtime": Runtime,
}
