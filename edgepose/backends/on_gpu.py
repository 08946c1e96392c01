"""The engine of a model on this machine's GPU, or the reason why the CPU has to run the network.

Every engine that cannot be used is treated alike, whatever is wrong with it: none yet, of another device, of another
TensorRT, cut off, changed, of a network that has changed since. The reason is said, and the ONNX file runs on the CPU,
with the input size that the engine has.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edgepose.backends.board import is_jetson
from edgepose.backends.engine_file import EngineSidecar, StaleEngineError, read_sidecar, source_changed
from edgepose.backends.engine_place import engine_size, engine_to_build, engines_of, onnx_of
from edgepose.errors import EdgePoseError, ModelError
from edgepose.model import ModelSpec
from edgepose.model.limits import check_size

if TYPE_CHECKING:
    from edgepose.backends import Backend
    from edgepose.backends.options import BackendOptions


def expected(model: Path, has_tensorrt: bool) -> bool:
    """Whether a network ought to run on a GPU here: TensorRT is there, this is a Jetson, or an engine lies there."""
    return has_tensorrt or is_jetson() or any(map(os.path.lexists, engines_of(model)))


def open_engine(model: Path, options: BackendOptions, height: int, open_one: Callable[[Path], Backend]) -> Backend:
    """The first engine of a model that can be used, warm; an EdgePoseError that says why none can.

    height: of the network input in pixels, 0 for what the engine has. open_one: opens the backend of an engine file.
    """
    refused: EdgePoseError | None = None
    for engine in filter(os.path.lexists, engines_of(model)):
        try:
            backend = open_one(engine)
        except EdgePoseError as error:
            refused = refused or error
            continue
        try:
            _check(backend, engine, model, options, height)
        except EdgePoseError as error:
            backend.close()
            refused = refused or error
            continue
        return backend
    raise refused or _no_engine(model)


def _no_engine(model: Path) -> ModelError:
    """What to raise where there is none: how to make one, and what has to be mended before."""
    from edgepose.backends.tensorrt import gpu_trouble

    words = (
        f"TensorRT needs the engine {engine_to_build(model)}, which is not there; make it with: edgepose build "
        f"{onnx_of(model)}"
    )
    trouble = gpu_trouble()
    return ModelError(f"{words}; before that: {trouble}" if trouble else words)


def size_instead(model: Path, spec: ModelSpec, height: int) -> tuple[int, int]:
    """The input (H, W) that the CPU gives the network meanwhile: the engine's, where one says so, else what it will
    have.
    """
    for engine in filter(os.path.lexists, engines_of(model)):
        with suppress(EdgePoseError):
            found = read_sidecar(engine).key.input_hw
            check_size(found, str(engine))
            if not height and not any(side % spec.multiple for side in found):
                return found
    return engine_size(spec, height)


def _check(backend: Backend, engine: Path, model: Path, options: BackendOptions, height: int) -> None:
    """Raise unless an engine is of the network that lies there now, as it is wanted, and runs."""
    sidecar: EngineSidecar | None = getattr(backend, "sidecar", None)
    if sidecar is None:  # a plugin's backend knows no sidecar
        return
    onnx = onnx_of(model)
    source = onnx.with_name(sidecar.model)
    changed = source_changed(sidecar, source)
    if not changed and onnx.is_file() and not source.is_file():
        changed = f"{source.name}, which it was built from, is gone"
    changed = changed or _wanted_otherwise(sidecar, options, height)
    if changed:
        raise StaleEngineError(f"engine '{engine}' does not fit any more: {changed}")
    _warm_up(backend, engine)


def _wanted_otherwise(sidecar: EngineSidecar, options: BackendOptions, height: int) -> str:
    key, spec = sidecar.key, sidecar.contract
    if options.engine not in ("best", key.precision):
        return f"precision {key.precision} -> {options.engine}"
    wanted = engine_size(spec, height)
    if height and wanted != key.input_hw:
        return f"input {key.input_hw[0]}x{key.input_hw[1]} -> {wanted[0]}x{wanted[1]}"
    return ""


def _warm_up(backend: Backend, engine: Path) -> None:
    """Run one black picture: an engine that cannot, or gives no numbers, is found out before the first camera."""
    from edgepose.backends import blank

    outputs = backend.infer(blank(backend, 1, backend.spec.input_hw))
    if not all(np.isfinite(output).all() for output in outputs):
        raise ModelError(f"engine '{engine}' gives values that are no numbers; build it with --precision fp32")


def held_to(spec: ModelSpec, input_hw: tuple[int, int]) -> ModelSpec:
    """The contract of a network that is given this input size only."""
    return msgspec.structs.replace(spec, input_hw=input_hw, dynamic_size=False)
