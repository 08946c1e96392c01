"""Walks through all of an ONNX file, branches and functions included: weights that lie elsewhere, loops, large sizes.

What is found here is judged in `weights` and `limits`, before any runtime opens the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgepose.model.wire import TruncatedError, Value, as_bytes, as_number, as_text, fields, integers, message

# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_TRAINING, _MODEL_FUNCTION = 7, 20, 25
_TRAINING_GRAPHS = (1, 2)
_FUNCTION_NODE = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 3, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH = 1, 5, 6
_ATTRIBUTE_INTS, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 8, 10, 11
_ATTRIBUTE_SPARSE = (22, 23)
_SPARSE_TENSORS = (1, 2)
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_INT64, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 7, 8, 9
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_INT64 = 7
_EXTERNAL = 1
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

_MAX_DEPTH = 32
"""Graphs inside graphs; exporters write two or three."""
_MAX_SHAPE = 16
"""Axes of a tensor that says a shape; longer ones are other things."""


@dataclass(frozen=True, slots=True)
class ExternalTensor:
    """A stored tensor whose bytes lie in another file. dims, data_type: of onnx.TensorProto. length: None for the rest.

    location, offset and length are the file's own words, unchecked.
    """

    name: str
    dims: tuple[int, ...]
    data_type: int
    location: str
    offset: str
    length: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. standard: of ONNX itself, no other domain. shapes: its lists of integers by name, such as pads."""

    op_type: str
    standard: bool
    name: str
    inputs: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Contents:
    """All nodes of a file, the tensors that lie elsewhere, and the small integer tensors by name (shapes, mostly)."""

    nodes: tuple[Node, ...] = ()
    external: tuple[ExternalTensor, ...] = ()
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)


def look_through(model: memoryview) -> Contents:
    """Contents of a ModelProto; TruncatedError where it is damaged or nested deeper than any export."""
    found = _Walk()
    for number, value in fields(model):
        if number == _MODEL_GRAPH:
            found.graph(value, 0)
        elif number == _MODEL_FUNCTION:
            for inner, node in fields(as_bytes(value)):
                if inner == _FUNCTION_NODE:
                    found.node(node, 0)
        elif number == _MODEL_TRAINING:
            for inner, graph in fields(as_bytes(value)):
                if inner in _TRAINING_GRAPHS:
                    found.graph(graph, 0)
    return Contents(tuple(found.nodes), tuple(found.external), found.sizes)


class _Walk:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.external: list[ExternalTensor] = []
        self.sizes: dict[str, tuple[int, ...]] = {}

    def graph(self, value: Value, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise TruncatedError
        for number, inner in fields(as_bytes(value)):
            if number == _GRAPH_NODE:
                self.node(inner, depth)
            elif number == _GRAPH_INITIALIZER:
                self.tensor(inner)
            elif number == _GRAPH_SPARSE:
                self.sparse(inner)

    def node(self, value: Value, depth: int) -> None:
        words: dict[int, str] = {}
        inputs: list[str] = []
        outputs: list[str] = []
        shapes: dict[str, tuple[int, ...]] = {}
        for number, inner in fields(as_bytes(value)):
            if number in (_NODE_NAME, _NODE_OP_TYPE, _NODE_DOMAIN):
                words[number] = as_text(inner)
            elif number == _NODE_INPUT:
                inputs.append(as_text(inner))
            elif number == _NODE_OUTPUT:
                outputs.append(as_text(inner))
            elif number == _NODE_ATTRIBUTE:
                self.attribute(inner, depth, shapes, outputs)
        standard = words.get(_NODE_DOMAIN, "") in ("", "ai.onnx")
        op_type, name = words.get(_NODE_OP_TYPE, ""), words.get(_NODE_NAME, "")
        self.nodes.append(Node(op_type, standard, name, tuple(inputs), shapes))

    def attribute(self, value: Value, depth: int, shapes: dict[str, tuple[int, ...]], outputs: list[str]) -> None:
        name, numbers = "", []
        for number, inner in fields(as_bytes(value)):
            if number == _ATTRIBUTE_NAME:
                name = as_text(inner)
            elif number == _ATTRIBUTE_INTS:
                numbers += list(integers(inner))
            elif number in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
                self.tensor(inner, outputs[0] if outputs else "")
            elif number in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
                self.graph(inner, depth + 1)
            elif number in _ATTRIBUTE_SPARSE:
                self.sparse(inner)
        if numbers:
            shapes[name] = tuple(numbers)

    def sparse(self, value: Value) -> None:
        for number, inner in fields(as_bytes(value)):
            if number in _SPARSE_TENSORS:
                self.tensor(inner)

    def tensor(self, value: Value, made: str = "") -> None:
        """made: what goes by that value's name, for the tensor of a Constant."""
        once: dict[int, Value] = {}
        dims: list[int] = []
        numbers: list[int] = []
        entries: dict[str, str] = {}
        for number, inner in fields(as_bytes(value)):
            once[number] = inner
            if number == _TENSOR_DIMS:
                dims += list(integers(inner))
            elif number == _TENSOR_INT64 and len(numbers) <= _MAX_SHAPE:
                numbers += list(_first(integers(inner)))
            elif number == _TENSOR_EXTERNAL:
                entry = message(inner)
                entries[as_text(entry.get(_ENTRY_KEY))] = as_text(entry.get(_ENTRY_VALUE))
        name, data_type = as_text(once.get(_TENSOR_NAME)), as_number(once.get(_TENSOR_TYPE))
        if as_number(once.get(_TENSOR_LOCATION)) == _EXTERNAL or entries:
            where = entries.get("location", ""), entries.get("offset", "0"), entries.get("length")
            self.external.append(ExternalTensor(name, tuple(dims), data_type, *where))
        elif data_type == _INT64:
            raw = as_bytes(once.get(_TENSOR_RAW))
            if raw and len(raw) % 8 == 0 and len(raw) <= 8 * _MAX_SHAPE:
                numbers = list(memoryview(bytes(raw)).cast("q"))
            if 0 < len(numbers) <= _MAX_SHAPE:
                self.sizes[made or name] = tuple(numbers)


def _first(numbers: Iterator[int]) -> Iterator[int]:
    for _, number in zip(range(_MAX_SHAPE + 1), numbers, strict=False):
        yield number
