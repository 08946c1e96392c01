"""An FP16 copy of a graph for TensorRT 11, which takes precision from the types in the graph and from nothing else.

Inputs and outputs stay float32, so that every engine is fed alike; a Cast stands at each. Scales of Q/DQ become FP16
too, which needs opset 19; no other file of this project uses one newer than 17.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepose.engine.onnx.edit import rename_made, rename_read, set_nodes
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.opset import opset_of
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.small_scales import raise_small_scales

HALF_MAX = 65504.0
HALF_QDQ_OPSET, HALF_QDQ_IR = 19, 9


def halved(model: Any) -> Any:
    """The same network computing in FP16. Q/DQ layers stay INT8."""
    onnx = onnx_module()
    model = plain(model)
    kinds = {node.op_type for node in model.graph.node}
    if "QuantizeLinear" in kinds and opset_of(model) < HALF_QDQ_OPSET:
        model = onnx.version_converter.convert_version(model, HALF_QDQ_OPSET)
        model.ir_version = max(model.ir_version, HALF_QDQ_IR)
    raise_small_scales(model)
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


def _cast_ends(model: Any) -> None:
    onnx = onnx_module()
    names = Names(model)
    nodes = list(model.graph.node)
    before, after = [], []
    for item in model.graph.input:
        if item.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            inner = names.free(f"{item.name}_half")
            rename_read(nodes, {item.name: inner})
            before.append(onnx.helper.make_node("Cast", [item.name], [inner], name=inner, to=onnx.TensorProto.FLOAT16))
    for item in model.graph.output:
        inner = names.free(f"{item.name}_half")
        rename_read(nodes, {item.name: inner})
        rename_made(nodes, {item.name: inner})
        after.append(onnx.helper.make_node("Cast", [inner], [item.name], name=inner, to=onnx.TensorProto.FLOAT))
    set_nodes(model, [*before, *nodes, *after])
