"""An FP16 copy of a graph for TensorRT 11, which takes precision from the types in the graph and from nothing else.

Inputs and outputs stay float32, so that every engine is fed alike; a Cast stands at each. Scales of Q/DQ become FP16
too, which needs opset 19; no other file of this project uses one newer than 17.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepose.engine.onnx.graph import initialisers, onnx_module, opset_of, plain

HALF_MAX = 65504.0
SMALLEST_NORMAL = 2.0**-14
HALF_QDQ_OPSET = 19


def halved(model: Any) -> Any:
    """The same network computing in FP16. Q/DQ layers stay INT8."""
    onnx = onnx_module()
    model = plain(model)
    kinds = {node.op_type for node in model.graph.node}
    if "QuantizeLinear" in kinds and opset_of(model) < HALF_QDQ_OPSET:
        model = onnx.version_converter.convert_version(model, HALF_QDQ_OPSET)
        model.ir_version = max(model.ir_version, 9)
    _raise_small_scales(model)
    float_only = {
        name for node in model.graph.node if node.op_type in ("Resize", "Upsample") for name in list(node.input)[1:]
    }
    for item in model.graph.initializer:
        if item.data_type == onnx.TensorProto.FLOAT and item.name not in float_only:
            values = np.clip(onnx.numpy_helper.to_array(item), -HALF_MAX, HALF_MAX).astype(np.float16)
            item.CopyFrom(onnx.numpy_helper.from_array(values, item.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == onnx.TensorProto.FLOAT:
                attribute.i = onnx.TensorProto.FLOAT16
    _cast_ends(model)
    del model.graph.value_info[:]
    return model


def _raise_small_scales(model: Any) -> None:
    """Give dead channels a scale that FP16 can hold, and their weights the steps that fit it."""
    onnx = onnx_module()
    stored = initialisers(model)
    items = {item.name: item for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        scale = stored[node.input[1]]
        raised = np.maximum(scale, SMALLEST_NORMAL).astype(scale.dtype)
        if np.array_equal(scale, raised):
            continue
        items[node.input[1]].CopyFrom(onnx.numpy_helper.from_array(raised, node.input[1]))
        if node.input[0] in stored:
            weights = stored[node.input[0]]
            ratio = (scale / raised).reshape(-1, *[1] * (weights.ndim - 1))
            steps = np.rint(weights * ratio).astype(weights.dtype)
            items[node.input[0]].CopyFrom(onnx.numpy_helper.from_array(steps, node.input[0]))


def _cast_ends(model: Any) -> None:
    onnx = onnx_module()
    nodes = list(model.graph.node)
    before = []
    for item in model.graph.input:
        if item.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            inner = f"{item.name}_half"
            _rename(nodes, item.name, inner, outputs=False)
            before.append(onnx.helper.make_node("Cast", [item.name], [inner], name=inner, to=onnx.TensorProto.FLOAT16))
    after = []
    for item in model.graph.output:
        inner = f"{item.name}_half"
        _rename(nodes, item.name, inner, outputs=True)
        after.append(onnx.helper.make_node("Cast", [inner], [item.name], name=inner, to=onnx.TensorProto.FLOAT))
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in [*before, *nodes, *after]]
    del model.graph.node[:]
    model.graph.node.extend(copies)


def _rename(nodes: list[Any], old: str, new: str, outputs: bool) -> None:
    for node in nodes:
        for slots in (node.input, node.output) if outputs else (node.input,):
            for k, name in enumerate(slots):
                if name == old:
                    slots[k] = new
