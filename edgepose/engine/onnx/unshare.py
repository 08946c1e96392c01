"""Gives layers tensors of their own where an exporter stored equal ones once: zeros as a bias, tied weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgepose.engine.onnx.edit import store
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.queries import consumers, initialisers


def unshare(model: Any, nodes: Iterable[Any]) -> None:
    """Let no two of these nodes, nor one of them and another, read the same stored tensor, in place."""
    stored, names = initialisers(model), Names(model)
    left = {name: len(readers) for name, readers in consumers(model).items() if name in stored}
    for node in nodes:
        for k, name in enumerate(node.input):
            if left.get(name, 0) > 1:
                left[name] -= 1
                node.input[k] = store(model, names.free(f"{name}_of_{node.output[0]}"), stored[name])
