"""What a model may ask for, checked before a runtime is given the file: no loops, no sizes that no memory holds.

A pose network reads one picture once. A Loop or Scan in one may never end, and a graph of a hundred bytes may ask for
a tensor of terabytes; both would hang or end the process inside a runtime.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from edgepose.errors import ModelError
from edgepose.model.arity import lacks_inputs
from edgepose.model.contents import Node
from edgepose.model.graph import Graph

MAX_SIDE = 8192
"""Pixels of a network input's height or width."""
MAX_PIXELS = 1 << 25
"""Pixels of a whole input batch: sixteen pictures of 1080 x 1920; 400 MB as float32."""
MAX_BATCH = 256
MAX_ELEMENTS = 1 << 28
"""Numbers in a tensor whose size the file states: 1 GB as float32."""
MAX_NODES = 20_000
"""The largest published pose networks have some two thousand."""
MAX_STEP = 4096
"""Of a kernel, stride, dilation or pad."""

_WINDOW = ("kernel_shape", "strides", "dilations")
_SHAPES = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "Resize": 3}
"""Operations that make a tensor as large as an input of theirs says, and which input that is."""


def check_size(input_hw: tuple[int, int], what: str, batch: int = 1) -> None:
    """ModelError for a network input that nobody means. what: names it in the sentence."""
    H, W = input_hw
    if max(H, W) > MAX_SIDE or H * W * batch > MAX_PIXELS or batch > MAX_BATCH:
        pictures = f"{batch} pictures of " if batch > 1 else ""
        raise ModelError(
            f"{what} is {pictures}{H}x{W}; at most {MAX_SIDE} a side, {MAX_PIXELS} pixels in all and batches of "
            f"{MAX_BATCH} are run: give a smaller size"
        )


def check_limits(graph: Graph, model: str | Path) -> None:
    """ModelError, in one sentence with the limit, for a graph that could hang or fill the memory."""
    trouble = next(_troubles(graph), None)
    if trouble is not None:
        raise ModelError(f"model {model} {trouble}; export a network that reads one picture with convolutions")


def _troubles(graph: Graph) -> Iterator[str]:
    if len(graph.contents.nodes) > MAX_NODES:
        yield f"has {len(graph.contents.nodes)} nodes, at most {MAX_NODES} are run"
    for port in (*graph.inputs, *graph.outputs):
        if math.prod(size or 1 for size in port.shape) > MAX_ELEMENTS:
            yield f"has {port}, at most {MAX_ELEMENTS} numbers are run"
    for node in graph.contents.nodes:
        kind = node.op_type if node.op_type.isprintable() else repr(node.op_type)
        name = f"{kind} {node.name!r}" if node.name else kind
        if node.op_type in ("Loop", "Scan"):
            yield f"has a {name}: loops may never end and are not run"
        if node.standard and lacks_inputs(node.op_type, node.inputs):
            yield f"is damaged: {name} has too few inputs ({len(node.inputs)})"
        for key, values in node.shapes.items():
            least = 1 if key in _WINDOW else 0
            if key in (*_WINDOW, "pads") and not least <= min(values) <= max(values) <= MAX_STEP:
                yield f"has a {name} with {key} {list(values)}, from {least} to {MAX_STEP} are run"
        if _product(node, graph) > MAX_ELEMENTS:
            yield f"has a {name} that makes {_product(node, graph)} numbers, at most {MAX_ELEMENTS} are run"


def _product(node: Node, graph: Graph) -> int:
    """How many numbers the node makes, where the file itself says it."""
    place = _SHAPES.get(node.op_type)
    sizes = node.shapes.get("shape", ()) if node.op_type.startswith("Random") else ()
    if place is not None and place < len(node.inputs):
        sizes = graph.contents.sizes.get(node.inputs[place], ())
    return math.prod(max(1, size) for size in sizes)
