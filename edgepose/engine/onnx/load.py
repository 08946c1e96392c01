"""From a file to a ModelProto that a step can work on, or one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgepose.engine.onnx.float_ends import with_float_ends
from edgepose.engine.onnx.opset import MAX_OPSET, PER_CHANNEL_OPSET, lifted, lowered, opset_of
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import stored_tensors
from edgepose.errors import ModelError
from edgepose.model import admitted, weight_files

MAX_BYTES = (1 << 31) - 1


def read_model(path: Path, *, any_opset: bool = False) -> Any:
    """The ModelProto of a file, its weights inside, fed with float32, in opset 17 and IR 8 at most.

    any_opset: give what cannot be brought down as it is, for a TensorRT at hand that may read it. Raises ModelError
    for a file that is missing, no ONNX or not to be opened (`model.admit`), and for an opset that is too new.
    """
    onnx = onnx_module()
    graph = admitted(path)
    size = sum(file.stat().st_size for file in (path, *weight_files(path, graph)))
    if size > MAX_BYTES:
        raise ModelError(
            f"model '{path}' has {size / 1e9:.1f} GB with its weights; at most {MAX_BYTES / 1e9:.1f} GB can be "
            "calibrated or built, which is all that one ONNX message holds"
        )
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
        for tensor in stored_tensors(model):  # the checker does not compare their bytes with their shapes
            onnx.numpy_helper.to_array(tensor)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"model '{path}' cannot be read as ONNX ({reason}); export it again") from error
    try:
        model = with_float_ends(model)
    except ValueError as error:
        raise ModelError(f"model '{path}' cannot be had in float32 ({error}); export it again in float32") from None
    try:
        return lowered(model)
    except ValueError as error:
        if any_opset:
            return model
        raise ModelError(
            f"model '{path}' uses ONNX opset {opset_of(model)}, which cannot be brought down to the {MAX_OPSET} that "
            f"TensorRT 8.6 reads ({error}); export it again with opset_version={MAX_OPSET}"
        ) from None


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
    try:
        return plain(lifted(model))
    except ValueError as error:
        raise ModelError(
            f"model '{path}' uses ONNX opset {opset_of(model)}, which cannot be brought up to {PER_CHANNEL_OPSET} "
            f"({error}); export it again with opset_version={MAX_OPSET}"
        ) from None
