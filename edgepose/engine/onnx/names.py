"""Names for new tensors that nothing in the graph has yet: exporters use `x_scale`, `x_bias` and `x_half` too."""

from __future__ import annotations

from typing import Any

from edgepose.engine.onnx.queries import subgraphs


class Names:
    """Every tensor name of a graph; what it gives is taken from then on.

    Ask it again for each tensor that is new: the same wish twice gives two names.
    """

    def __init__(self, model: Any) -> None:
        self._taken = set(_all_names(model.graph))

    def free(self, wish: str) -> str:
        """`wish`, with underscores behind it until nothing goes by that name."""
        while wish in self._taken:
            wish += "_"
        self._taken.add(wish)
        return wish


def _all_names(graph: Any) -> set[str]:
    found = {item.name for part in (graph.input, graph.output, graph.initializer, graph.value_info) for item in part}
    found |= {item.values.name for item in graph.sparse_initializer}
    for node in graph.node:
        found.update(node.input)
        found.update(node.output)
        for inner in subgraphs(node):
            found |= _all_names(inner)
    return found
