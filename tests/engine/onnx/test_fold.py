"""What cannot be folded into a convolution is left as it stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_network import pictures_like, run, small_network

from edgepose.engine.onnx.plain import plain


def computed_bias(model: Any) -> None:
    """The stem's bias is the sum of two stored tensors."""
    stem = model.graph.node[0]
    model.graph.node.insert(0, helper.make_node("Add", [stem.input[2], stem.input[2]], ["computed"]))
    stem.input[2] = "computed"


def computed_statistics(model: Any) -> None:
    stem = model.graph.node[0]
    for name in ("gamma", "shift", "mean"):
        model.graph.initializer.append(numpy_helper.from_array(np.ones(16, np.float32), name))
    stem.output[0] = "stem_before"
    model.graph.node.insert(0, helper.make_node("Exp", ["gamma"], ["var"]))
    normalise = helper.make_node("BatchNormalization", ["stem_before", "gamma", "shift", "mean", "var"], ["stem"])
    model.graph.node.insert(2, normalise)


def read_in_a_branch(model: Any) -> None:
    """An If reads what an Identity gives, and a stored tensor that nothing else reads."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(2), "twice"))
    model.graph.node.insert(0, helper.make_node("Identity", ["input"], ["same"]))
    branch = helper.make_graph(
        [helper.make_node("Mul", ["same", "twice"], ["louder"])],
        "branch",
        [],
        [helper.make_tensor_value_info("louder", TensorProto.FLOAT, None)],
    )
    model.graph.node.insert(1, helper.make_node("If", ["yes"], ["seen"], then_branch=branch, else_branch=branch))
    model.graph.node[2].input[0] = "seen"


@pytest.mark.parametrize("change", [computed_bias, computed_statistics, read_in_a_branch])
def test_what_a_graph_computes_is_left_and_results_stay(change: Any) -> None:
    model, tensor = small_network(separate_bias=False), pictures_like(np.random.default_rng(1))
    change(model)
    for before, after in zip(run(model, tensor), run(plain(model), tensor), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)
