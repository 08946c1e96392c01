"""Weights kept as float16 cost half the bytes and leave the graph valid, whatever names it uses."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from edgepose.model.half_storage import store_half  # noqa: E402


def test_a_tensor_that_is_called_like_a_half_one_keeps_its_name_and_value() -> None:
    value = helper.make_tensor_value_info
    stored = [
        numpy_helper.from_array(np.full((2, 2), 3, np.float32), "w"),
        numpy_helper.from_array(np.array([5], np.float32), "w_half"),
    ]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Add", ["m", "w_half"], ["y"])]
    ports = [value(name, TensorProto.FLOAT, [1, 2]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    store_half(model)
    onnx.checker.check_model(model, full_check=True)
    found = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    assert found["w_half"] == 5
    assert [array.dtype for name, array in found.items() if name != "w_half"] == [np.float16]
