"""From a file to a ModelProto that a step can work on, or one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgepose.engine.onnx.opset import MAX_OPSET, lifted, opset_of
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.plain import plain
from edgepose.errors import ModelError


def read_model(path: Path) -> Any:
    """The ModelProto of a file, unchanged. ModelError when it is missing, no ONNX, or newer than TensorRT 8.6 reads."""
    onnx = onnx_module()
    if not path.is_file():
        raise ModelError(f"model '{path}' does not exist; give the path of an ONNX file")
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"model '{path}' cannot be read as ONNX ({reason}); export it again") from error
    if opset_of(model) > MAX_OPSET:
        raise ModelError(
            f"model '{path}' uses ONNX opset {opset_of(model)}, TensorRT 8.6 reads up to {MAX_OPSET}; "
            f"export it again with opset {MAX_OPSET}"
        )
    return model


def load_plain(path: Path) -> Any:
    """The model in plain form, ready to measure and quantise.

    Raises ModelError for what `read_model` refuses, for a graph without a convolution and for one that holds Q/DQ.
    """
    model = read_model(path)
    kinds = {node.op_type for node in model.graph.node}
    if "QuantizeLinear" in kinds or "DequantizeLinear" in kinds:
        raise ModelError(f"model '{path}' is quantised already; give the FP32 model it was made from")
    if "Conv" not in kinds:
        raise ModelError(f"model '{path}' has no convolution to quantise; give a pose network exported as FP32 ONNX")
    return plain(lifted(model))
