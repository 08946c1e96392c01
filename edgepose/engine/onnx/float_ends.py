"""Float32 throughout for a graph that was exported in float16 or takes bytes: every engine is fed and measured alike.

TensorRT chooses FP16 by its own options, and INT8's Q/DQ of opset 17 reads float32 only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepose.engine.onnx.edit import copied
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import stored_tensors


def with_float_ends(model: Any) -> Any:
    """The same network with float32 inputs and outputs; the model itself where they are.

    ValueError where something inside depends on the type that it was exported in.
    """
    onnx = onnx_module()
    kinds = onnx.TensorProto
    ends = [item.type.tensor_type for item in (*model.graph.input, *model.graph.output)]
    if all(kind.elem_type not in (kinds.FLOAT16, kinds.UINT8) for kind in ends):
        return model
    model = copied(model)
    for item in (*model.graph.input, *model.graph.output):
        if item.type.tensor_type.elem_type in (kinds.FLOAT16, kinds.UINT8):
            item.type.tensor_type.elem_type = kinds.FLOAT
    for tensor in stored_tensors(model):
        if tensor.data_type == kinds.FLOAT16:
            values = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == kinds.FLOAT16:
                attribute.i = kinds.FLOAT
    del model.graph.value_info[:]
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise ValueError(str(error).strip().splitlines()[0]) from error
    return model
