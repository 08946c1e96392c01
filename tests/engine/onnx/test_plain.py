"""Plain form: the same results with bias and batch norm inside the convolutions."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper
from small_network import pictures_like, run, small_network

from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import convolutions


def test_bias_adds_and_identities_go_and_results_stay() -> None:
    model = small_network()
    folded = plain(model)
    kinds = [node.op_type for node in folded.graph.node]
    assert kinds.count("Add") == 1  # the residual one
    assert "Identity" not in kinds
    tensor = pictures_like(np.random.default_rng(1), 2)
    for before, after in zip(run(model, tensor), run(folded, tensor), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_batch_norm_goes_into_the_convolution() -> None:
    model = small_network(separate_bias=False)
    stem = model.graph.node[0]
    random = np.random.default_rng(2)
    values = {
        "gamma": 1 + random.random(16),
        "beta": random.random(16),
        "mean": random.random(16),
        "var": random.random(16),
    }
    for name, value in values.items():
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
    stem.output[0] = "stem_before"
    model.graph.node.insert(1, helper.make_node("BatchNormalization", ["stem_before", *values], ["stem"]))
    folded = plain(model)
    assert all(node.op_type != "BatchNormalization" for node in folded.graph.node)
    tensor = pictures_like(random)
    np.testing.assert_allclose(run(folded, tensor)[0], run(model, tensor)[0], atol=1e-4)


def test_a_convolution_whose_weights_are_one_number_is_none_to_quantise() -> None:
    model = small_network()
    model.graph.initializer.append(numpy_helper.from_array(np.float32(3), "scalar"))
    model.graph.node.append(helper.make_node("Conv", ["input", "scalar"], ["unread"]))
    assert [conv.output[0] for conv in convolutions(plain(model))] == [
        conv.output[0] for conv in convolutions(plain(small_network()))
    ]
