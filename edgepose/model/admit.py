"""The one check before a runtime opens an ONNX file: it is whole, within limits, and its weights lie beside it."""

from __future__ import annotations

from pathlib import Path

from edgepose.model.graph import Graph, read_graph
from edgepose.model.limits import check_limits
from edgepose.model.weights import weight_files


def admitted(model: str | Path) -> Graph:
    """What an ONNX file says about itself; ModelError, in one sentence, where no runtime may be given it."""
    graph = read_graph(model)
    check_limits(graph, model)
    weight_files(model, graph)
    return graph
