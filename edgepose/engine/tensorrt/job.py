"""`edgepose build` without its command line: choose, look whether the engine at hand still fits, build, write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from edgepose.backends.device_key import device_secret
from edgepose.backends.device_memory import Device, DeviceMemory, PycudaMemory
from edgepose.backends.engine_file import EngineKey, differences, read_genuine, sealed, sidecar_of
from edgepose.backends.filling import filled
from edgepose.backends.tensorrt import tensorrt_module
from edgepose.engine.int8.cache_file import cache_text, check_cache, complete, read_cache
from edgepose.engine.int8.calibrator import make_calibrator
from edgepose.engine.int8.pictures import readable
from edgepose.engine.int8.probe import tensors
from edgepose.engine.onnx.load import read_model
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.strip import holds_qdq, stripped
from edgepose.engine.tensorrt.builder import Step, build_serialized, chosen_precision
from edgepose.engine.tensorrt.capabilities import capabilities
from edgepose.engine.tensorrt.files import key_here, locked, write_engine
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import ModelError
from edgepose.model import ModelSpec, load_spec, save_spec, sidecar_path
from edgepose.model.limits import check_size
from edgepose.options import Options
from edgepose.pictures import list_images
from edgepose.types import FloatArray


class Built(Options, frozen=True):
    """What `build` did. changed: what made a new engine necessary; reused: the engine at hand fits and was kept."""

    engine: str
    seconds: float
    reused: bool
    changed: str
    key: EngineKey


class BuildRequest(Options, frozen=True):
    """What to build. calibration: a cache for implicit INT8; images: pictures to feed where the cache is refused."""

    model: str
    engine: str
    options: BuildOptions = BuildOptions()
    input_hw: tuple[int, int] | None = None
    calibration: str | None = None
    images: str | None = None
    force: bool = False


def build(
    request: BuildRequest,
    memory: Callable[[], DeviceMemory] = PycudaMemory,
    step: Step | None = None,
    trt: Any = None,
) -> Built:
    """Build an engine, or keep the one that still fits. Two processes at once build it once.

    trt: the tensorrt module, imported when left out. Raises ModelError for the model, cache or a foreign engine file
    in the way, BackendError or DeviceError when building fails; then nothing is left behind.
    """
    device_secret()  # where it cannot be kept, that is known before the minutes of a build
    model_path, engine = Path(request.model), Path(request.engine)
    spec = load_spec(model_path)
    options = request.options if spec.dynamic_batch else replace(request.options, max_batch=spec.batch)
    model = plain(read_model(model_path, any_opset=True))
    input_hw = request.input_hw or spec.input_hw
    if not spec.dynamic_size and input_hw != spec.input_hw:
        fixed = f"{spec.input_hw[0]}x{spec.input_hw[1]}"
        raise ModelError(f"model '{model_path}' takes pictures of {fixed} only; leave --size out, or export it again")
    check_size(input_hw, f"the input of '{model_path}'", options.max_batch)
    calibration = Path(request.calibration) if request.calibration else None
    precision = chosen_precision(model, options, calibration is not None, model_path.name)
    if precision == "int8" and calibration is not None:
        model = plain(stripped(model)) if holds_qdq(model) else model
        check_cache(read_cache(calibration), model, calibration)
    elif precision != "int8" and holds_qdq(model):
        model = stripped(model)  # Q/DQ would make INT8 of it all the same
    trt = trt or tensorrt_module()
    gpu = _device(memory, trt, options)
    key = key_here(model_path, calibration, capabilities(trt).version, gpu, precision, input_hw, options)
    with locked(engine), ExitStack() as stack:
        changed = _what_changed(engine, key, spec)
        if not changed and not request.force:
            return Built(engine=str(engine), seconds=0.0, reused=True, changed="", key=key)
        begun = time.monotonic()
        calibrator = None
        if precision == "int8" and calibration is not None:
            calibrator = _calibrator(request, spec, model, input_hw, calibration, memory, stack)
        timing_cache = engine.with_name(f"{engine.name}.timing")
        data = build_serialized(trt, model, spec, input_hw, options, calibrator, timing_cache, step)
        seconds = time.monotonic() - begun
        write_engine(engine, data, sealed(key, spec, model_path.name, data, round(seconds, 2)))
        if not sidecar_path(engine).exists():
            save_spec(spec, engine)
    return Built(engine=str(engine), seconds=seconds, reused=False, changed=changed, key=key)


def _what_changed(engine: Path, key: EngineKey, spec: ModelSpec) -> str:
    """Why the engine at hand does not do, in words; empty when it does."""
    if not os.path.lexists(engine):
        return "no engine yet"
    if not sidecar_of(engine).exists():
        return "the engine there has no sidecar"
    try:
        sidecar = read_genuine(engine)[1]
    except ModelError as error:
        return str(error)
    return differences(sidecar.key, key) or ("" if sidecar.contract == spec else "the contract changed")


def _device(memory: Callable[[], DeviceMemory], trt: Any, options: BuildOptions) -> Device:
    """The GPU that the engine is for; named by its architecture where TensorRT-RTX builds without one."""
    if options.compute_capability and capabilities(trt).cross_build:
        return Device(name="any", compute_capability=options.compute_capability, unified_memory=False)
    opened = memory()
    try:
        return opened.device
    finally:
        opened.close()


def _calibrator(
    request: BuildRequest,
    spec: ModelSpec,
    model: Any,
    input_hw: tuple[int, int],
    calibration: Path,
    memory: Callable[[], DeviceMemory],
    stack: ExitStack,
) -> Callable[[Any], Any]:
    """Makes the calibrator once TensorRT is there; `stack` closes the memory that it fills."""

    def make(trt: Any) -> Any:
        ranges = complete(read_cache(calibration), model)
        text = cache_text(ranges, str(trt.__version__))
        opened = None
        if request.images:
            opened = memory()
            stack.callback(opened.close)
        batches = _batches(Path(request.images), spec, input_hw) if request.images else iter(())
        return make_calibrator(trt, text, batches, 1 if spec.dynamic_batch else spec.batch, opened)

    return make


def _batches(folder: Path, spec: ModelSpec, input_hw: tuple[int, int]) -> Iterator[FloatArray]:
    size = 1 if spec.dynamic_batch else spec.batch
    waiting: list[FloatArray] = []
    for tensor in tensors(filter(readable, list_images(folder)), spec, input_hw):
        waiting.append(tensor)
        if len(waiting) == size:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield filled(np.stack(waiting), size)
