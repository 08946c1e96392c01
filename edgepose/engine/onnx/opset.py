"""Versions of the operator set: what a graph uses, and the same graph in an older or newer one.

PyTorch exports opset 18 to 20 by default, with IR 10; TensorRT 8.6 (JetPack 6.0) reads 17 and 8.
"""

from __future__ import annotations

import contextlib
from typing import Any

from edgepose.engine.onnx.edit import copied
from edgepose.engine.onnx.older_forms import to_older_forms
from edgepose.engine.onnx.package import onnx_module

MAX_OPSET = 17
"""TensorRT 8.6 (JetPack 6.0) reads no newer one."""
MAX_IR = 8
PER_CHANNEL_OPSET = 13
"""The first opset whose DequantizeLinear has an axis."""


def opset_of(model: Any) -> int:
    """Version of the default operator set."""
    return max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)


def lowered(model: Any) -> Any:
    """The same network in opset 17 and IR 8 at most; ValueError with the reason where it uses what those lack.

    Where opset 17 has every node, in an older form at most, only those and the number change. Else onnx's converter
    rewrites what it can.
    """
    onnx = onnx_module()
    if opset_of(model) <= MAX_OPSET and model.ir_version <= MAX_IR:
        return model
    lower = copied(model)
    lower.ir_version = min(lower.ir_version, MAX_IR)
    if opset_of(model) <= MAX_OPSET:
        return lower
    with contextlib.suppress(Exception):  # sizes in between, for those forms that depend on them
        lower = onnx.shape_inference.infer_shapes(lower)
    to_older_forms(lower)
    for item in lower.opset_import:
        if item.domain in ("", "ai.onnx"):
            item.version = MAX_OPSET
    fault = _fault(lower)
    if not fault:
        return lower
    try:
        converted = onnx.version_converter.convert_version(model, MAX_OPSET)
    except Exception as error:  # RuntimeError, ValueError and what its C++ part throws
        raise ValueError(fault) from error  # the converter's own words name its source files
    converted.ir_version = min(converted.ir_version, MAX_IR)
    if _fault(converted):
        raise ValueError(fault)
    return converted


def lifted(model: Any) -> Any:
    """The same network in an opset that dequantises per channel; ValueError where the converter cannot do it."""
    if opset_of(model) >= PER_CHANNEL_OPSET:
        return model
    try:
        return onnx_module().version_converter.convert_version(model, PER_CHANNEL_OPSET)
    except Exception as error:  # as in `lowered`
        raise ValueError(_first_line(error)) from error


def _fault(model: Any) -> str:
    """What is wrong with a graph in the opset that it names, checked with types and shapes; empty when nothing."""
    try:
        onnx_module().checker.check_model(model, full_check=True)
    except Exception as error:
        return _first_line(error)
    return ""


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
