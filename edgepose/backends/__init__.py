"""Backends run the network: a batch of prepared pictures in, raw output tensors out. One file per runtime."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from edgepose.backends.engine_place import onnx_of
from edgepose.backends.on_gpu import expected, held_to, open_engine, size_instead
from edgepose.backends.options import BackendOptions
from edgepose.errors import BackendError, EdgePoseError, MissingDependencyError
from edgepose.model import ModelSpec, load_spec, model_path
from edgepose.model.shipped import no_model
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
    "open_on_gpu",
    "takes_pixels",
]

_log = logging.getLogger(__name__)


class BackendInfo(Options, frozen=True):
    """What runs the network: runtime name and version, device, and the precision it computes in.

    engine: the engine file, empty where none runs. why: the reason, where the CPU runs what a GPU was expected to.
    """

    name: str
    version: str
    device: str
    precision: str
    engine: str = ""
    why: str = ""


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
    *,
    height: int = 0,
) -> Backend:
    """Load a network in the best runtime this machine has, or in the one that `options.name` asks for.

    model: an ONNX file, a TensorRT engine (.engine), recorded fields (.npz, replayed), or the name of a network that
    comes with EdgePose; the default one when left out. spec: its contract, read by `load_spec` when left out; an engine
    has its own. height: of the network input that an engine should have, 0 for any. Where a GPU is expected (TensorRT
    is installed, or this is a Jetson) and no engine can be used, the ONNX file runs on the CPU with the engine's input
    size: a warning says so once, and `info.why` keeps the reason. Raises ModelError for the file, BackendError or
    MissingDependencyError for the runtime.
    """
    path = model_path(model)
    name = "replay" if options.name == "auto" and path.suffix == ".npz" else options.name
    if name == "tensorrt" or (
        name == "auto" and (path.suffix == ".engine" or expected(path, _is_installed("tensorrt")))
    ):
        try:
            return open_on_gpu(path, options, height)
        except EdgePoseError as error:
            return _open_instead(path, spec, options, height, error)
    return _open(_cpu_runtime() if name in ("auto", "cpu") else name, path, spec, options)


def open_on_gpu(path: Path, options: BackendOptions, height: int = 0) -> Backend:
    """The engine of a model, warm; an EdgePoseError that says why none can be used."""
    if path.suffix != ".engine" and not _is_installed("tensorrt"):
        raise MissingDependencyError("TensorRT is not installed; on a Jetson: apt-get install python3-libnvinfer")
    return open_engine(path, options, height, lambda engine: _open("tensorrt", engine, None, options))


def _open_instead(
    path: Path, spec: ModelSpec | None, options: BackendOptions, height: int, error: EdgePoseError
) -> Backend:
    """The ONNX file on the CPU, as the engine would have run it."""
    if not path.exists() and not onnx_of(path).is_file():
        raise no_model(path)
    onnx = onnx_of(path)
    if not onnx.is_file():
        raise BackendError(f"{path} cannot run here ({error}) and there is no {onnx.name} beside it to run on the CPU")
    if path != onnx:
        spec = None
    try:
        name = _cpu_runtime()
    except MissingDependencyError:
        raise error from None
    backend = _open(name, onnx, spec, options)
    if backend.spec.dynamic_size:
        backend.spec = held_to(backend.spec, size_instead(path, backend.spec, height))
    backend.info = replace(backend.info, why=str(error))
    _log.warning("TensorRT cannot run here (%s): running %s on the CPU with %s instead", error, onnx, name)
    return backend


def _open(name: str, path: Path, spec: ModelSpec | None, options: BackendOptions) -> Backend:
    implementation = find("backends", name, BACKENDS)
    if spec is None and name not in ("replay", "tensorrt"):  # those carry their own contract
        spec = load_spec(path)
    return cast(Backend, implementation(path, spec, options))


def _cpu_runtime() -> str:
    for name in _CPU_RUNTIMES:
        if _is_installed(name):
            return name
    raise MissingDependencyError(
        "no runtime for the network is installed: pip install openvino (or onnxruntime); on a Jetson TensorRT comes "
        "with JetPack: apt-get install python3-libnvinfer"
    )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a module without a spec: somebody put it into sys.modules
        return sys.modules.get(module) is not None
