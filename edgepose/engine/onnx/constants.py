"""Constants as initialisers: Constant nodes, and weights that are stored as float16 and cast while loading."""

from __future__ import annotations

from typing import Any

from edgepose.engine.onnx.edit import store
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import initialisers


def constants_to_initialisers(model: Any) -> None:
    """Store what Constant nodes give, in place."""
    onnx = onnx_module()
    for node in [item for item in model.graph.node if item.op_type == "Constant"]:
        value = next((item.t for item in node.attribute if item.name == "value"), None)
        if value is not None:
            store(model, node.output[0], onnx.numpy_helper.to_array(value))
            model.graph.node.remove(node)


def stored_casts_to_initialisers(model: Any) -> None:
    """Store weights in the type that a Cast would give them, in place."""
    onnx = onnx_module()
    stored = initialisers(model)
    for node in [item for item in model.graph.node if item.op_type == "Cast" and item.input[0] in stored]:
        kind = next(item.i for item in node.attribute if item.name == "to")
        store(model, node.output[0], stored[node.input[0]].astype(onnx.helper.tensor_dtype_to_np_dtype(kind)))
        model.graph.node.remove(node)
