"""The engine that a configuration asks for: from which file, in which precision, of which size, and where it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgepose.backends.device_memory import DeviceMemory, PycudaMemory
from edgepose.backends.engine_place import engine_size, engine_to_build, onnx_of, with_ranges
from edgepose.backends.in_use import chosen_model
from edgepose.config import Config
from edgepose.engine.onnx.load import read_model
from edgepose.engine.onnx.strip import holds_qdq
from edgepose.engine.tensorrt.builder import Step
from edgepose.engine.tensorrt.job import BuildRequest, Built, build
from edgepose.engine.tensorrt.options import BuildOptions, Precision
from edgepose.errors import BackendError, DeviceError, MissingDependencyError, ModelError
from edgepose.model import load_spec

_log = logging.getLogger(__name__)


def planned(config: Config) -> list[BuildRequest]:
    """What to build for a configuration, the best first: INT8 where the model or the one beside it carries ranges, and
    FP16 where TensorRT refuses that. Raises ModelError for the model.
    """
    named = chosen_model(config.model.path)
    model = onnx_of(named)
    options = config.model.backend
    size = engine_size(load_spec(model), config.model.height)
    max_batch = max(1, min(config.pipeline.max_batch, len(config.sources) or 1))
    int8 = model if holds_qdq(read_model(model, any_opset=True)) else with_ranges(model)
    wanted: list[tuple[Path, Precision]] = []
    if options.engine == "int8" or (options.engine == "best" and int8 is not None):
        wanted.append((int8 or model, "int8"))
    if options.engine != "int8":
        wanted.append((model, "fp16" if options.engine == "best" else options.engine))
    return [
        BuildRequest(
            model=str(source),
            engine=str(engine_to_build(named)),
            options=BuildOptions(precision=precision, max_batch=max_batch),
            input_hw=size,
        )
        for source, precision in wanted
    ]


def build_planned(
    config: Config,
    memory: Callable[[], DeviceMemory] = PycudaMemory,
    step: Step | None = None,
    trt: Any = None,
) -> Built:
    """Build the engine that a configuration asks for, or keep the one that fits; INT8 that TensorRT refuses becomes
    FP16, and a warning says so. Raises as `build`.
    """
    requests = planned(config)
    for request in requests[:-1]:
        try:
            return build(request, memory, step, trt)
        except (ModelError, BackendError) as error:
            if isinstance(error, (DeviceError, MissingDependencyError)):
                raise
            _log.warning("no %s engine (%s); building FP16", request.options.precision.upper(), error)
    return build(requests[-1], memory, step, trt)
