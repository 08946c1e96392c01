"""Scales of dead channels, too small for FP16, made large enough without changing what they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import initialisers

SMALLEST_NORMAL = 2.0**-14
"""FP16's smallest number of full precision."""


def raise_small_scales(model: Any) -> None:
    """Give dead channels a scale that FP16 can hold, and their weights the steps that fit it, in place."""
    onnx = onnx_module()
    stored = initialisers(model)
    items = {item.name: item for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        scale = stored[node.input[1]]
        raised = np.maximum(scale, SMALLEST_NORMAL).astype(scale.dtype)
        if np.array_equal(scale, raised):
            continue
        items[node.input[1]].CopyFrom(onnx.numpy_helper.from_array(raised, node.input[1]))
        if node.input[0] in stored:
            weights = stored[node.input[0]]
            ratio = (scale / raised).reshape(-1, *[1] * (weights.ndim - 1))
            steps = np.rint(weights * ratio).astype(weights.dtype)
            items[node.input[0]].CopyFrom(onnx.numpy_helper.from_array(steps, node.input[0]))
