"""Backends run the network: a batch of prepared pictures in, raw output tensors out. One file per runtime."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edgepose.backends.engine_file import StaleEngineError
from edgepose.backends.options import BackendOptions
from edgepose.backends.rebuild import start_rebuild
from edgepose.errors import BackendError, DeviceError, MissingDependencyError, ModelError
from edgepose.model import ModelSpec, load_spec, model_path
from edgepose.options import Options
from edgepose.plugins import find
from edgepose.types import FloatArray

__all__ = [
    "BACKENDS",
    "Backend",
    "BackendInfo",
    "BackendOptions",
    "blank",
    "gives_away",
    "open_backend",
    "takes_pixels",
]

_log = logging.getLogger(__name__)


class BackendInfo(Options, frozen=True):
    """What runs the network: runtime name and version, device, and the precision it computes in."""

    name: str
    version: str
    device: str
    precision: str


class Backend(Protocol):
    """One loaded network. Not shared between threads: one thread calls `infer`; any thread may call `close`.

    spec: the model's contract. info: what runs it. A backend may also have `takes_pixels`, True where it runs pictures
    as they are: colour order, mean and scale are then its work (`takes_pixels(backend)` asks); and `gives_away`, True
    where what `infer` returned is never written to again (`gives_away(backend)`), so that nobody copies it.
    """

    spec: ModelSpec
    info: BackendInfo

    def infer(self, batch: FloatArray) -> list[NDArray[Any]]:
        """Run float32 (N, 3, H, W) or (N, H, W, 3), as `spec.input_layout` says, already normalised. One that takes
        pixels runs uint8 (N, H, W, 3) BGR as well.

        Returns the tensors that hold heatmaps and PAFs, in that order, with the batch axis first and the graph's own
        layout; `preprocess.split_fields` turns them into one Fields per picture. Valid until the next call, unless the
        backend gives its outputs away.
        """
        ...

    def close(self) -> None:
        """Free the network; closing twice is fine, using it closed raises ClosedError."""
        ...


def takes_pixels(backend: Backend) -> bool:
    """Whether `infer` runs uint8 (N, H, W, 3) BGR: a quarter of the bytes, and no work for the CPU but scaling."""
    return bool(getattr(backend, "takes_pixels", False))


def blank(backend: Backend, n: int, input_hw: tuple[int, int]) -> Any:
    """A batch of `n` black pictures (H, W), as the backend would rather have them: to warm it up, to time it."""
    if takes_pixels(backend):
        return np.zeros((n, *input_hw, 3), np.uint8)
    return np.zeros((n, 3, *input_hw) if backend.spec.input_layout == "NCHW" else (n, *input_hw, 3), np.float32)


def gives_away(backend: Backend) -> bool:
    """Whether the arrays that `infer` returned stay as they are after the next call."""
    return bool(getattr(backend, "gives_away", False))


BACKENDS: dict[str, str] = {
    "openvino": "edgepose.backends.openvino:OpenVinoBackend",
    "onnxruntime": "edgepose.backends.onnxruntime:OnnxRuntimeBackend",
    "tensorrt": "edgepose.backends.tensorrt:TensorRtBackend",
    "replay": "edgepose.backends.replay:ReplayBackend",
}
"""Backends by name, as `module:attribute`; each is called with (model path, spec, options)."""

_CPU_RUNTIMES = ("openvino", "onnxruntime")  # the faster first, measured in docs/guides/models.md


def open_backend(
    model: str | Path | None = None,
    options: BackendOptions = BackendOptions(),  # noqa: B008 (frozen)
    spec: ModelSpec | None = None,
) -> Backend:
    """Load a network in the best runtime this machine has, or in the one that `options.name` asks for.

    model: an ONNX file, a TensorRT engine (.engine), recorded fields (.npz, replayed), or the name of a network that
    comes with EdgePose; the default one when left out. spec: its contract, read by `load_spec` when left out. Where
    TensorRT or its GPU is missing, the ONNX file beside an engine runs on the CPU and a warning says so; an engine of
    another TensorRT or GPU is then built again in a process of its own. Raises ModelError for the file, BackendError or
    MissingDependencyError for the runtime.
    """
    path = model_path(model)
    name = _choose(path, options)
    if name == "tensorrt":
        try:
            return _open(name, _require_engine(path), spec, options)
        except (MissingDependencyError, DeviceError) as error:
            if isinstance(error, StaleEngineError):
                start_rebuild(_engine_of(path), error.key)
            path = _onnx_of(path, error)
            name, spec = _cpu_runtime(), None
            _log.warning("TensorRT cannot run here (%s): running %s on the CPU with %s instead", error, path, name)
    return _open(name, path, spec, options)


def _open(name: str, path: Path, spec: ModelSpec | None, options: BackendOptions) -> Backend:
    implementation = find("backends", name, BACKENDS)
    if spec is None and name != "replay":  # a recording carries its own contract
        spec = load_spec(path)
    return cast(Backend, implementation(path, spec, options))


def _choose(path: Path, options: BackendOptions) -> str:
    if options.name == "cpu":
        return _cpu_runtime()
    if options.name != "auto":
        return options.name
    if path.suffix == ".npz":
        return "replay"
    if path.suffix == ".engine" or (_engine_of(path).is_file() and find_spec("tensorrt") is not None):
        return "tensorrt"
    return _cpu_runtime()


def _cpu_runtime() -> str:
    for name in _CPU_RUNTIMES:
        if find_spec(name) is not None:
            return name
    raise MissingDependencyError(
        "no runtime for the network is installed; install one of: edgepose[openvino], edgepose[onnx], or TensorRT with "
        "JetPack on a Jetson"
    )


def _engine_of(path: Path) -> Path:
    return path.with_suffix(".engine")


def _require_engine(path: Path) -> Path:
    engine = _engine_of(path)
    if engine.is_file():
        return engine
    if find_spec("tensorrt") is None:
        raise MissingDependencyError("TensorRT is not installed")
    raise ModelError(f"TensorRT needs the engine {engine}, which is not there; make it with: edgepose build {path}")


def _onnx_of(path: Path, error: Exception) -> Path:
    onnx = path.with_suffix(".onnx")
    if not onnx.is_file():
        raise BackendError(f"{path} cannot run here ({error}) and there is no {onnx.name} beside it to run on the CPU")
    return onnx
