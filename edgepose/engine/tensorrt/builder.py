"""Builds a serialised engine from an ONNX graph, with any TensorRT from 8.6 to 11 and with TensorRT-RTX.

Up to TensorRT 10 precision is a matter of builder flags; from 11 on it is in the graph's own types, so the graph is
converted to FP16 first. Which way to go is asked of `capabilities`, not of a version number.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgepose.backends.owned import read_owned
from edgepose.engine.onnx.half import halved
from edgepose.engine.onnx.pixels import taking_pixels
from edgepose.engine.onnx.strip import holds_qdq
from edgepose.engine.tensorrt.capabilities import Capabilities, capabilities
from edgepose.engine.tensorrt.messages import build_failure, make_logger, parser_refusal
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError, FileError, ModelError
from edgepose.files import write_atomically
from edgepose.model import ModelSpec

_log = logging.getLogger(__name__)

Step = Callable[[str, float], None]
"""Told (phase, share done 0 to 1) while an engine is built."""


def chosen_precision(model: Any, options: BuildOptions, has_cache: bool, name: str) -> str:
    """int8, fp16 or fp32. ModelError when INT8 is asked for without ranges."""
    ranges = holds_qdq(model) or has_cache
    if options.precision == "best":
        return "int8" if ranges else "fp16"
    if options.precision == "int8" and not ranges:
        raise ModelError(
            f"INT8 needs ranges, and model '{name}' carries none; calibrate it first: edgepose calibrate {name} "
            "--images DIR -o pose-int8, then build pose-int8.onnx"
        )
    return options.precision


def build_serialized(
    trt: Any,
    model: Any,
    spec: ModelSpec,
    input_hw: tuple[int, int],
    options: BuildOptions,
    calibrator: Callable[[Any], Any] | None = None,
    timing_cache: Path | None = None,
    step: Step | None = None,
) -> bytes:
    """The engine's bytes.

    model: ONNX ModelProto, with Q/DQ for explicit INT8. calibrator: makes the calibrator of implicit INT8 from the
    module (TensorRT <= 10). timing_cache: kept between builds, which makes the next one faster. Raises ModelError with
    the parser's words for a graph that TensorRT does not take, BackendError when building fails.
    """
    can = capabilities(trt)
    precision = chosen_precision(model, options, calibrator is not None, spec.name)
    _check_request(can, options, precision, calibrator is not None)
    if not can.weak_typing and precision != "fp32":
        model = halved(model)
    logger = make_logger(trt)
    builder = trt.Builder(logger)
    network, pixels = None, options.pixels and calibrator is None  # implicit ranges belong to the graph's own tensors
    if pixels:
        network, parser = _parsed(trt, can, builder, logger, taking_pixels(model, spec))
        if network is None:
            pixels = False
            _log.warning("TensorRT %s takes no uint8 pictures for %s: the CPU normalises them", can.version, spec.name)
    if network is None:
        network, parser = _parsed(trt, can, builder, logger, model)
    if network is None:
        raise parser_refusal(parser, can.version, spec.name)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mb << 20)
    if can.weak_typing:
        _set_precision(trt, config, precision, calibrator)
    _set_device(trt, builder, config, options)
    _add_profile(builder, config, spec, input_hw, options.max_batch, pixels)
    if can.progress and step is not None:
        config.progress_monitor = _monitor(trt, step)
    cache = _load_timing_cache(config, timing_cache)
    serialized = builder.build_serialized_network(network, config)
    if serialized is None:
        raise build_failure(logger.errors, can.version, spec.name, options.workspace_mb)
    if cache is not None and timing_cache is not None:
        with contextlib.suppress(FileError):  # a saving of time that may fail
            write_atomically(timing_cache, bytes(config.get_timing_cache().serialize()))
    return bytes(serialized)


def _check_request(can: Capabilities, options: BuildOptions, precision: str, has_calibrator: bool) -> None:
    if not can.tensor_names:
        raise BackendError(
            f"TensorRT {can.version} is too old: EdgePose needs 8.6 or newer, which comes with JetPack 6; "
            "flash the board"
        )
    if has_calibrator and not can.calibrators:
        raise BackendError(
            f"TensorRT {can.version} takes no calibration cache any more; build the .onnx that calibration wrote "
            "beside it, which carries its ranges"
        )
    if options.dla is not None and not has_calibrator and precision == "int8":
        raise BackendError(
            "a DLA takes INT8 ranges from a calibration cache only; add --calibration OUT.cache, or --precision fp16"
        )
    if options.compute_capability and not can.cross_build:
        raise BackendError(f"TensorRT {can.version} builds for the GPU it runs on; leave --compute-capability out")


def _network_flags(trt: Any, can: Capabilities) -> int:
    """Bits for create_network: explicit batch where it is a choice, strong typing where weak typing is gone."""
    flags = 0
    if can.explicit_batch:
        flags |= 1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH)
    if can.strongly_typed and not can.weak_typing:
        flags |= 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    return flags


def _set_precision(trt: Any, config: Any, precision: str, calibrator: Callable[[Any], Any] | None) -> None:
    if precision in ("int8", "fp16"):
        config.set_flag(trt.BuilderFlag.FP16)
    if precision == "int8":
        config.set_flag(trt.BuilderFlag.INT8)
        if calibrator is not None:
            config.int8_calibrator = calibrator(trt)


def _set_device(trt: Any, builder: Any, config: Any, options: BuildOptions) -> None:
    if options.compute_capability:
        wanted = getattr(trt.ComputeCapability, options.compute_capability, None)
        if wanted is None:
            known = ", ".join(trt.ComputeCapability.__members__)
            raise BackendError(f"no architecture {options.compute_capability!r}; this TensorRT knows {known}")
        config.num_compute_capabilities = 1
        config.set_compute_capability(wanted, 0)
    if options.dla is None:
        return
    if options.dla >= builder.num_DLA_cores:
        raise BackendError(f"wanted DLA {options.dla}, this device has {builder.num_DLA_cores}; leave --dla out")
    config.default_device_type = trt.DeviceType.DLA
    config.DLA_core = options.dla
    config.set_flag(trt.BuilderFlag.GPU_FALLBACK)


def _parsed(trt: Any, can: Capabilities, builder: Any, logger: Any, model: Any) -> tuple[Any, Any]:
    """The network that TensorRT makes of a graph, None where it refuses; and the parser, which knows why.

    The parser owns what the network is made of: keep it until the engine is built.
    """
    network = builder.create_network(_network_flags(trt, can))
    parser = trt.OnnxParser(network, logger)
    return network if parser.parse(model.SerializeToString()) else None, parser


def _add_profile(
    builder: Any, config: Any, spec: ModelSpec, input_hw: tuple[int, int], max_batch: int, pixels: bool
) -> None:
    """One profile: this input size, 1 to `max_batch` pictures; a graph with fixed sizes needs none."""
    if not (spec.dynamic_batch or spec.dynamic_size):
        return
    H, W = input_hw
    shape = (3, H, W) if spec.input_layout == "NCHW" and not pixels else (H, W, 3)
    least, largest = (1, max_batch) if spec.dynamic_batch else (spec.batch, spec.batch)
    profile = builder.create_optimization_profile()
    profile.set_shape(spec.input_name, (least, *shape), (largest, *shape), (largest, *shape))
    if config.add_optimization_profile(profile) < 0:
        raise ModelError(f"TensorRT refuses inputs of {H}x{W} in batches of {largest} for model '{spec.name}'")


def _load_timing_cache(config: Any, path: Path | None) -> Any:
    if path is None:
        return None
    data = b""
    with contextlib.suppress(ModelError):  # none yet, or one that others could have written
        data = read_owned(path)
    cache = config.create_timing_cache(data)
    if cache is None:  # of another version: begin a new one
        cache = config.create_timing_cache(b"")
    if cache is not None:
        config.set_timing_cache(cache, False)
    return cache


def _monitor(trt: Any, step: Step) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._steps[phase_name] = max(1, num_steps)

        def step_complete(self, phase_name: str, step_number: int) -> bool:
            step(phase_name, (step_number + 1) / self._steps.get(phase_name, step_number + 1))
            return True

        def phase_finish(self, phase_name: str) -> None:
            self._steps.pop(phase_name, None)

    return Monitor()
