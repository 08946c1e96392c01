"""New tensors get names that nothing in the graph has, branches included."""

from __future__ import annotations

from onnx import TensorProto, helper

from edgepose.engine.onnx.names import Names


def test_a_wish_is_kept_where_it_is_free_and_changed_where_not() -> None:
    value = helper.make_tensor_value_info
    inner = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["x_q"])], "then", [], [value("x_q", TensorProto.FLOAT, None)]
    )
    node = helper.make_node("If", ["condition"], ["y"], then_branch=inner, else_branch=inner)
    graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, None)])
    names = Names(helper.make_model(graph))
    assert [names.free(wish) for wish in ("x_scale", "x_scale", "x", "y", "x_q", "condition")] == [
        "x_scale",
        "x_scale_",
        "x_",
        "y_",
        "x_q_",
        "condition_",
    ]
