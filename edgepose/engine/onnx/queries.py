"""What a graph holds: stored tensors, who reads a tensor, which convolutions have weights of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgepose.engine.onnx.package import onnx_module


def initialisers(model: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Every stored tensor by name."""
    onnx = onnx_module()
    return {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}


def stored_tensors(model: Any) -> Iterator[Any]:
    """Initialisers and the values of Constant nodes, as they are stored."""
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def consumers(model: Any) -> dict[str, list[Any]]:
    """Nodes that read each tensor, in graph order; a node with a graph of its own reads what that reads."""
    readers: dict[str, list[Any]] = defaultdict(list)
    for node in model.graph.node:
        for name in dict.fromkeys(names_read(node)):
            readers[name].append(node)
    return readers


def convolutions(model: Any) -> list[Any]:
    """Conv nodes whose weights are stored in the file with an axis for outputs, inputs and space, in graph order."""
    stored = {item.name for item in model.graph.initializer if len(item.dims) >= 3}
    return [node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in stored]


def names_read(node: Any) -> Iterator[str]:
    """Tensors that a node reads, those that the branches of an If read included."""
    yield from node.input
    for graph in subgraphs(node):
        for inner in graph.node:
            yield from names_read(inner)
        for item in graph.output:  # may be a tensor of the graph around it
            yield item.name


def subgraphs(node: Any) -> Iterator[Any]:
    """Graphs inside a node, such as the branches of an If."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def output_names(model: Any) -> set[str]:
    """The names of what the graph gives out."""
    return {item.name for item in model.graph.output}
