"""A network that takes pictures as they are: colour order, mean and scale become the first steps of its graph."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.queries import subgraphs
from edgepose.model import ModelSpec


def taking_pixels(model: Any, spec: ModelSpec) -> Any:
    """A copy of an ONNX ModelProto whose input, under the same name, is uint8 (N, H, W, 3) BGR.

    spec: the contract of the model as it is. The conversion to float comes first, because that is the only thing that
    TensorRT does with uint8.
    """
    model = copy.deepcopy(model)
    graph, names = model.graph, Names(model)
    inner = names.free(f"{spec.input_name}.normalised")
    _rename(graph, spec.input_name, inner)
    picture = next(item for item in graph.input if item.name == spec.input_name)
    axes = list(picture.type.tensor_type.shape.dim)
    if spec.input_layout == "NCHW":
        axes = [axes[0], axes[2], axes[3], axes[1]]
    sizes = [axis.dim_value if axis.HasField("dim_value") else axis.dim_param or None for axis in axes]
    picture.CopyFrom(helper.make_tensor_value_info(spec.input_name, onnx.TensorProto.UINT8, sizes))

    steps: list[tuple[str, dict[str, Any], Any]] = [("Cast", {"to": onnx.TensorProto.FLOAT}, None)]
    if spec.colour == "RGB":
        steps.append(("Gather", {"axis": 3}, np.array([2, 1, 0], np.int64)))
    if any(spec.mean):
        steps.append(("Sub", {}, np.array(spec.mean, np.float32)))
    if any(factor != 1 for factor in spec.scale):
        steps.append(("Mul", {}, np.array(spec.scale, np.float32)))
    if spec.input_layout == "NCHW":
        steps.append(("Transpose", {"perm": [0, 3, 1, 2]}, None))
    nodes, here = [], spec.input_name
    for number, (kind, attributes, value) in enumerate(steps):
        there = inner if number == len(steps) - 1 else names.free(f"{spec.input_name}.{kind.lower()}")
        given = [here]
        if value is not None:
            given.append(names.free(f"{there}.value"))
            graph.initializer.append(numpy_helper.from_array(value, given[1]))
        nodes.append(helper.make_node(kind, given, [there], name=there, **attributes))
        here = there
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    return model


def _rename(graph: Any, old: str, new: str) -> None:
    """Have every node read another tensor, the ones inside If and Loop too."""
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new
        for inner in subgraphs(node):
            _rename(inner, old, new)
