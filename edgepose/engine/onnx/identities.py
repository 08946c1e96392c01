"""Takes Identity nodes out, which exporters leave behind and which stand between a convolution and its reader."""

from __future__ import annotations

from typing import Any

from edgepose.engine.onnx.edit import rename_made, rename_read
from edgepose.engine.onnx.queries import names_read, output_names


def drop_identities(model: Any) -> None:
    """Remove Identity nodes, in place; a graph output keeps its name, which moves to the node that makes the value.

    One whose value the branch of an If reads stays, for the name is written there too.
    """
    outputs = output_names(model)
    makers = {name: node for node in model.graph.node for name in node.output}
    inner = {name for node in model.graph.node for name in names_read(node) if name not in node.input}
    for node in [item for item in model.graph.node if item.op_type == "Identity"]:
        old, new = node.input[0], node.output[0]
        if new in outputs:
            if old in outputs or old not in makers:
                continue
            old, new = new, old
        if new in inner:
            continue
        others = [other for other in model.graph.node if other is not node]
        rename_read(others, {new: old})
        rename_made(others, {new: old})
        model.graph.node.remove(node)
