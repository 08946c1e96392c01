"""Layers that an exporter gave one stored tensor get one each before they are scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from small_network import pictures_like, run, small_network

from edgepose.engine.int8.equalise import equalised, links
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import convolutions
from edgepose.engine.onnx.unshare import unshare


def tied() -> Any:
    """The small network in which stem and depthwise layer read one bias, and branch and down one tensor of weights."""
    model = plain(small_network(separate_bias=False))
    nodes = {node.output[0]: node for node in model.graph.node}
    nodes["depthwise"].input[2] = nodes["stem"].input[2]
    nodes["branch"].input[1] = nodes["down"].input[1]
    return plain(model)


def test_each_layer_has_tensors_of_its_own_and_results_stay() -> None:
    model, tensor = tied(), pictures_like(np.random.default_rng(1))
    expected = run(model, tensor)
    unshare(model, convolutions(model))
    onnx.checker.check_model(model, full_check=True)
    read = [name for conv in convolutions(model) for name in conv.input[1:]]
    assert len(set(read)) == len(read)
    for before, after in zip(expected, run(model, tensor), strict=True):
        np.testing.assert_array_equal(after, before)


def test_equalising_layers_that_share_a_bias_changes_no_result() -> None:
    model, tensor = tied(), pictures_like(np.random.default_rng(1))
    random = np.random.default_rng(2)
    maxima = {
        name: random.uniform(0.01, 5, len(numpy_helper.to_array(_stored(model, conv.input[1]))))
        for conv, name, _ in links(model)
    }
    for before, after in zip(run(model, tensor), run(equalised(model, maxima), tensor), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-4)


def _stored(model: Any, name: str) -> Any:
    return next(item for item in model.graph.initializer if item.name == name)
