"""Takes Q/DQ out again: the float network that a calibration cache belongs to, for TensorRT's implicit INT8 and DLA."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepose.engine.onnx.edit import copied, drop_unused_initialisers, rename_read, store
from edgepose.engine.onnx.queries import initialisers


def holds_qdq(model: Any) -> bool:
    """Whether the model carries its own ranges."""
    return any(node.op_type == "QuantizeLinear" for node in model.graph.node)


def stripped(model: Any) -> Any:
    """The same network without Q/DQ; weights stored as int8 become the floats that they stand for."""
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
                store(model, node.output[0], (stored[node.input[0]].astype(np.float32) * scale).astype(np.float32))
            else:
                renamed[node.output[0]] = renamed[node.input[0]]
            model.graph.node.remove(node)
    rename_read(model.graph.node, renamed)
    drop_unused_initialisers(model)
    return model
