"""Takes Q/DQ out again: the float network that a calibration cache belongs to, for TensorRT's implicit INT8 and DLA."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepose.engine.onnx.graph import copied, initialisers, onnx_module


def holds_qdq(model: Any) -> bool:
    """Whether the model carries its own ranges."""
    return any(node.op_type == "QuantizeLinear" for node in model.graph.node)


def stripped(model: Any) -> Any:
    """The same network without Q/DQ; weights stored as int8 become the floats that they stand for."""
    onnx = onnx_module()
    model = copied(model)
    stored = initialisers(model)
    renamed: dict[str, str] = {}
    for node in list(model.graph.node):
        if node.op_type == "QuantizeLinear":
            renamed[node.output[0]] = node.input[0]
            model.graph.node.remove(node)
        elif node.op_type == "DequantizeLinear":
            if node.input[0] in stored:
                scale = stored[node.input[1]].reshape(-1, *[1] * (stored[node.input[0]].ndim - 1))
                floats = (stored[node.input[0]].astype(np.float32) * scale).astype(np.float32)
                model.graph.initializer.append(onnx.numpy_helper.from_array(floats, node.output[0]))
            else:
                renamed[node.output[0]] = renamed[node.input[0]]
            model.graph.node.remove(node)
    for node in model.graph.node:
        for k, name in enumerate(node.input):
            node.input[k] = renamed.get(name, name)
    read = {name for node in model.graph.node for name in node.input}
    kept = [copied(item) for item in model.graph.initializer if item.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model
