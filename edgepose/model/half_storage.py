"""Half the bytes for weights that compute in float: kept as float16, cast back by the graph itself."""

from __future__ import annotations

from typing import Any

import numpy as np


def store_half(model: Any) -> None:
    """Keep large float32 weights as float16 initialisers, each followed by a Cast to float32, in place.

    The graph still computes in float32, and runtimes fold the Cast while loading. Weights of these networks lie far
    inside float16's range; `training.export.parity` and the gate of `engine.int8` show what the rounding costs.
    """
    import onnx
    from onnx import helper, numpy_helper

    casts = []
    taken = {name for node in model.graph.node for name in (*node.input, *node.output)}
    for tensor in list(model.graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        values = numpy_helper.to_array(tensor).astype(np.float16)
        name, half = tensor.name, tensor.name + "_half"
        while half in taken:
            half += "_"
        tensor.CopyFrom(numpy_helper.from_array(values, half))
        casts.append(helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
