"""The bias of a convolution: read it, and add to it without touching a tensor that others may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgepose.engine.onnx.edit import store
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.package import onnx_module

Array = np.ndarray[Any, Any]


def bias_of(conv: Any, stored: Mapping[str, Array], n: int) -> Array | None:
    """A Conv's bias, (n,); zeros where it has none, None where it is computed and not stored."""
    name = conv.input[2] if len(conv.input) > 2 else ""
    return stored.get(name) if name else np.zeros(n, np.float32)


def set_bias(model: Any, conv: Any, bias: Array) -> None:
    """Give a Conv a bias of its own, in place."""
    name = Names(model).free(f"{conv.output[0]}_bias")
    store(model, name, bias.astype(np.float32))
    del conv.input[2:]
    conv.input.append(name)


def add_bias(model: Any, conv: Any, values: Array) -> None:
    """Add one number per output channel, (O,), to what a Conv with a stored bias or none gives, in place."""
    own = {item.name: item for item in model.graph.initializer if item.name in conv.input[2:]}
    stored = {name: onnx_module().numpy_helper.to_array(item) for name, item in own.items()}
    bias = bias_of(conv, stored, len(values))
    assert bias is not None, "links and folds only take convolutions whose bias is stored"
    set_bias(model, conv, bias + values)
