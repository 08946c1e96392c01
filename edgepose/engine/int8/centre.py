"""Moves what a ReLU gives, so that int8's negative half is used as well and every step is half as large.

Symmetric int8 with zero point 0 is all that TensorRT takes, and a ReLU gives nothing below zero: half of the 255 values
never occur. ReLU(x) - c = max(x - c, -c), so c goes into the bias in front and a Clip stands where the ReLU stood; the
1x1 convolutions behind take it back in their bias, as c times the sum of their weights. Exact, and as quick where Conv
and Clip are fused as Conv and Relu are. Wider convolutions pad with zeros, which would no longer be what the ReLU calls
zero; they are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgepose.engine.int8.equalise import links
from edgepose.engine.onnx.bias import add_bias
from edgepose.engine.onnx.edit import copied, store
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.queries import initialisers

CEILING = 65504.0
"""Where the Clip ends, beyond any value: float16's largest number. TensorRT would put float32's, which FP16 lacks."""


def centrable(model: Any) -> list[str]:
    """Tensors behind a ReLU that are read by 1x1 convolutions alone, in graph order."""
    stored = initialisers(model)
    return [
        tensor
        for conv, tensor, readers in links(model)
        if tensor != conv.output[0] and all(_is_pointwise(node, stored[node.input[1]]) for node in readers)
    ]


def centred(model: Any, centres: Mapping[str, float]) -> Any:
    """The same function with `centres[tensor]` taken from each tensor named, of those that `centrable` names."""
    model = copied(model)
    names = Names(model)
    stored = initialisers(model)
    makers = {node.output[0]: node for node in model.graph.node}
    for conv, tensor, readers in links(model):
        if tensor not in centres:
            continue
        centre = np.float32(centres[tensor])
        add_bias(model, conv, np.full(len(stored[conv.input[1]]), -centre, np.float32))
        relu = makers[tensor]
        relu.op_type = "Clip"
        for end, value in (("floor", -centre), ("ceiling", CEILING)):
            relu.input.append(store(model, names.free(f"{tensor}_{end}"), np.array(value, np.float32)))
        for reader in readers:
            weights = stored[reader.input[1]].astype(np.float64)
            add_bias(model, reader, (centre * weights.sum((1, 2, 3))).astype(np.float32))
    return model


def _is_pointwise(conv: Any, weights: np.ndarray[Any, Any]) -> bool:
    pads = next((list(item.ints) for item in conv.attribute if item.name == "pads"), [0])
    automatic = any(item.name == "auto_pad" and item.s not in (b"NOTSET", b"VALID") for item in conv.attribute)
    return weights.shape[2:] == (1, 1) and not any(pads) and not automatic
