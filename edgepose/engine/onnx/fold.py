"""Puts what stands behind a convolution into it: an Add of one number per channel, and batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgepose.engine.onnx.bias import Array, add_bias, bias_of, set_bias
from edgepose.engine.onnx.edit import store
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.queries import consumers, convolutions, initialisers, output_names

EPSILON = 1e-5
"""BatchNormalization's own, where the node names none."""


def fold_bias(model: Any) -> None:
    """Turn Conv followed by an Add of one number per channel into a Conv with that bias, in place."""

    def put(conv: Any, add: Any, stored: dict[str, Array]) -> bool:
        other = add.input[1] if add.input[0] == conv.output[0] else add.input[0]
        n = stored[conv.input[1]].shape[0]
        bias = _per_channel(stored.get(other), n)
        if bias is None or bias_of(conv, stored, n) is None:
            return False
        add_bias(model, conv, bias)
        return True

    _fold(model, "Add", put)


def fold_batch_norm(model: Any) -> None:
    """Turn Conv followed by BatchNormalization into a Conv with scaled weights and a bias, in place."""
    names = Names(model)

    def put(conv: Any, norm: Any, stored: dict[str, Array]) -> bool:
        if len(norm.output) != 1 or any(name not in stored for name in norm.input[1:5]):
            return False  # a graph for training, or with statistics that it computes
        gamma, beta, mean, variance = (stored[name] for name in norm.input[1:5])
        bias = bias_of(conv, stored, len(gamma))
        if bias is None:
            return False
        epsilon = next((item.f for item in norm.attribute if item.name == "epsilon"), EPSILON)
        factor = gamma / np.sqrt(variance + epsilon)
        weights = stored[conv.input[1]]
        scaled = weights * factor.reshape(-1, *[1] * (weights.ndim - 1))
        conv.input[1] = store(model, names.free(f"{conv.output[0]}_folded_weight"), scaled.astype(np.float32))
        set_bias(model, conv, (bias - mean) * factor + beta)
        return True

    _fold(model, "BatchNormalization", put)


def _fold(model: Any, kind: str, put: Callable[[Any, Any, dict[str, Array]], bool]) -> None:
    """Give `put` each Conv with the node of that kind that alone reads it; remove the node where it was put in."""
    stored, readers, outputs = initialisers(model), consumers(model), output_names(model)
    for conv in convolutions(model):
        after = readers[conv.output[0]]
        if len(after) != 1 or after[0].op_type != kind or conv.output[0] in outputs:
            continue
        if put(conv, after[0], stored):
            conv.output[0] = after[0].output[0]
            model.graph.node.remove(after[0])


def _per_channel(array: Array | None, n: int) -> Array | None:
    """A constant that adds one number per channel of (N, C, H, W), as float32 (C,); None when it does not."""
    if array is None or array.size not in (1, n) or array.ndim > 4:
        return None
    shape = (1,) * (4 - array.ndim) + array.shape
    return np.broadcast_to(array.reshape(-1), n).astype(np.float32) if shape in ((1, n, 1, 1), (1, 1, 1, 1)) else None
