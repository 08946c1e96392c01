"""Q/DQ out again: the float network that the integers stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from small_network import pictures_like, run

from edgepose.engine.onnx.queries import initialisers
from edgepose.engine.onnx.strip import stripped


def test_stripping_gives_the_float_network_of_the_same_weights(model: Any, int8: Any) -> None:
    bare = stripped(int8)
    assert {node.op_type for node in bare.graph.node} == {"Conv", "Relu", "Add"}
    before, after = initialisers(model), initialisers(bare)
    conv = next(node for node in bare.graph.node if node.op_type == "Conv")
    step = np.abs(before["stem_w"]).reshape(16, -1).max(1) / 127
    assert np.all(np.abs(after[conv.input[1]] - before["stem_w"]) <= 0.5001 * step[:, None, None, None])
    tensor = pictures_like(np.random.default_rng(3))
    for exact, found in zip(run(model, tensor), run(bare, tensor), strict=True):
        assert np.linalg.norm(exact - found) < 0.02 * np.linalg.norm(exact)
