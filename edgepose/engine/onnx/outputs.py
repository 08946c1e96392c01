"""Gives inner tensors out, for whoever measures them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgepose.engine.onnx.edit import copied
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import output_names


def with_outputs(model: Any, names: Sequence[str]) -> Any:
    """A copy of the graph that gives out `names` as well; shapes are left to the runtime."""
    onnx = onnx_module()
    model = copied(model)
    there = output_names(model)
    for name in dict.fromkeys(names):
        if name not in there:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return model
