"""The end of a quantised graph alone: what lies behind its Q/DQ, for trying one layer after the other."""

from __future__ import annotations

from typing import Any

from edgepose.engine.onnx.package import onnx_module


def tail(model: Any) -> Any:
    """What lies behind the QuantizeLinear nodes of a graph, as a graph of its own.

    Its inputs are the float tensors that it reads from the part in front, which computes what the float network does;
    its outputs are those that depend on it. Half of the work of trying layers one by one is in front.
    """
    onnx = onnx_module()
    stored = {item.name for item in model.graph.initializer}
    nodes: list[Any] = []
    made: set[str] = set()
    changed: set[str] = set()
    for node in model.graph.node:
        of_weights = all(name in stored for name in node.input)
        if of_weights or node.op_type == "QuantizeLinear" or changed.intersection(node.input):
            nodes.append(node)
            made.update(node.output)
            if not of_weights:
                changed.update(node.output)
    read = dict.fromkeys(name for node in nodes for name in node.input if name)
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "tail",
        [value(name, onnx.TensorProto.FLOAT, None) for name in read if name not in made | stored],
        [item for item in model.graph.output if item.name in changed],
        [item for item in model.graph.initializer if item.name in read],
    )
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
