"""The few moves that all edits are made of: copy, store a tensor, put nodes or tensors in place of those there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import names_read


def copied(proto: Any) -> Any:
    """A deep copy of any ONNX message."""
    copy = type(proto)()
    copy.CopyFrom(proto)
    return copy


def store(model: Any, name: str, array: np.ndarray[Any, Any]) -> str:
    """Add an initialiser; returns its name."""
    model.graph.initializer.append(onnx_module().numpy_helper.from_array(array, name))
    return name


def set_nodes(model: Any, nodes: Iterable[Any]) -> None:
    """Make these the graph's nodes, in this order."""
    kept = [copied(node) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(kept)


def set_initialisers(model: Any, items: Iterable[Any]) -> None:
    """Make these the graph's stored tensors."""
    kept = [copied(item) for item in items]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def drop_unused_initialisers(model: Any) -> None:
    """Drop stored tensors that nothing reads, and older ones where a name is stored twice."""
    used = {name for node in model.graph.node for name in names_read(node)} | {item.name for item in model.graph.output}
    set_initialisers(model, {item.name: item for item in model.graph.initializer if item.name in used}.values())


def rename_read(nodes: Iterable[Any], new_names: dict[str, str]) -> None:
    """Let nodes read other tensors."""
    for node in nodes:
        for k, name in enumerate(node.input):
            node.input[k] = new_names.get(name, name)


def rename_made(nodes: Iterable[Any], new_names: dict[str, str]) -> None:
    """Let nodes give their results other names."""
    for node in nodes:
        for k, name in enumerate(node.output):
            node.output[k] = new_names.get(name, name)
