"""What the TensorRT at hand can do, asked by name: does this class, flag or method exist? Never by version number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Capabilities:
    """version: TensorRT's own. weak_typing: precision by builder flags (8.6 to 10), else by the types in the graph.
    calibrators: INT8 from a calibration cache (up to 10). explicit_batch, strongly_typed: network flags that exist.
    progress: builds can report steps. cross_build: an architecture can be named without its GPU (TensorRT-RTX).
    tensor_names: the execution API by tensor names; without it (JetPack 4) EdgePose cannot run.
    """

    version: str
    weak_typing: bool
    calibrators: bool
    explicit_batch: bool
    strongly_typed: bool
    progress: bool
    cross_build: bool
    tensor_names: bool


def capabilities(trt: Any) -> Capabilities:
    """Look the names up in a tensorrt module."""
    flags, network = trt.BuilderFlag, trt.NetworkDefinitionCreationFlag
    return Capabilities(
        version=str(trt.__version__),
        weak_typing=hasattr(flags, "FP16") and hasattr(flags, "INT8"),
        calibrators=hasattr(trt, "IInt8EntropyCalibrator2") and hasattr(trt.IBuilderConfig, "int8_calibrator"),
        explicit_batch=hasattr(network, "EXPLICIT_BATCH"),
        strongly_typed=hasattr(network, "STRONGLY_TYPED"),
        progress=hasattr(trt, "IProgressMonitor"),
        cross_build=hasattr(trt.IBuilderConfig, "set_compute_capability"),
        tensor_names=hasattr(trt.IExecutionContext, "set_tensor_address"),
    )
