"""Reads what an ONNX file says about itself: inputs, outputs, opset, what its nodes are, which weights lie elsewhere.

No runtime and no onnx package needed. An ONNX file is one protobuf message (onnx.proto, ModelProto). Only the few
fields named below are read; weights are skipped by their length, so a large model is read in milliseconds.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from edgepose.errors import ModelError
from edgepose.model.contents import Contents, look_through
from edgepose.model.shipped import no_model
from edgepose.model.wire import TruncatedError, as_bytes, as_number, as_text, fields, message

# Field numbers of onnx.proto.
_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPSET = 1, 7, 8
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_NAME = 8
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR = 1
_TENSOR_ELEM_TYPE, _TENSOR_SHAPE = 1, 2
_SHAPE_DIM, _DIM_VALUE = 1, 1

_ELEM_TYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 10: "float16", 11: "float64"}


INPUT_TYPES = ("float32", "float16", "uint8")
"""What a network may take; backends are given float32 or pixels and feed it its own type."""

_EMPTY = Contents()


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a graph. shape: a number per axis, None where it is free; empty when not recorded."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        sizes = " x ".join("?" if size is None else str(size) for size in self.shape) or "shape not recorded"
        name = self.name if self.name.isprintable() else repr(self.name)  # a sentence stays on one line
        return f"{name} {self.dtype} {sizes}"


@dataclass(frozen=True, slots=True)
class Graph:
    """What an ONNX file says about itself."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opset: int
    ir_version: int
    contents: Contents = _EMPTY

    @property
    def batch(self) -> int | None:
        """Pictures that go in at once; None where any number may, or where the graph does not say."""
        shape = self.inputs[0].shape
        return shape[0] if shape else None


def read_graph(path: str | Path) -> Graph:
    """Read an ONNX file; ModelError when it is missing, encrypted, truncated or no ONNX."""
    path = Path(path)
    if path.suffix == ".etlt":
        raise ModelError(
            f"{path} is an encrypted .etlt file, which only NVIDIA's TAO can open; export the network again as ONNX "
            "(`tao model bodyposenet export`, TAO 5 or later, writes .onnx) and give that file"
        )
    if not path.is_file():
        raise no_model(path)
    if not path.stat().st_size:
        raise ModelError(f"{path} is empty; wanted an ONNX model, copy or export it again")
    try:
        with path.open("rb") as file:  # mapped, so that the weights that are skipped are not even read
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise ModelError(f"cannot read model {path}: {(error.strerror or str(error)).lower()}") from None
    try:
        graph = _parse_model(data)
    except TruncatedError:
        looks_right = data[0] == _MODEL_IR_VERSION << 3  # every exporter writes ir_version first
        fault = "is cut short or damaged: copy or export it again" if looks_right else "is not an ONNX model"
        raise ModelError(f"{path} ({len(data)} bytes) {fault}") from None
    if graph is None or not graph.inputs or not graph.outputs:
        raise ModelError(f"{path} ({len(data)} bytes) is not an ONNX model: no graph with inputs and outputs in it")
    return graph


def _parse_model(data: memoryview) -> Graph | None:
    ir_version, opset, graph = 0, 0, None
    for number, value in fields(data):
        if number == _MODEL_IR_VERSION and isinstance(value, int):
            ir_version = value
        elif number == _MODEL_OPSET and isinstance(value, memoryview):
            entry = message(value)
            if as_text(entry.get(_OPSET_DOMAIN)) in ("", "ai.onnx"):
                opset = as_number(entry.get(_OPSET_VERSION))
        elif number == _MODEL_GRAPH and isinstance(value, memoryview):
            graph = value
    if graph is None:
        return None
    weights: set[str] = set()
    inputs: list[Port] = []
    outputs: list[Port] = []
    for number, value in fields(graph):
        if not isinstance(value, memoryview):
            continue
        if number == _GRAPH_INITIALIZER:
            weights.add(as_text(message(value).get(_TENSOR_NAME)))
        elif number == _GRAPH_INPUT:
            inputs.append(_parse_port(value))
        elif number == _GRAPH_OUTPUT:
            outputs.append(_parse_port(value))
    fed = tuple(port for port in inputs if port.name not in weights)  # before IR 4 weights were inputs too
    return Graph(fed, tuple(outputs), opset, ir_version, look_through(data))


def _parse_port(data: memoryview) -> Port:
    value = message(data)
    tensor = message(message(value.get(_VALUE_TYPE)).get(_TYPE_TENSOR))
    shape = []
    for number, dim in fields(as_bytes(tensor.get(_TENSOR_SHAPE))):
        if number == _SHAPE_DIM:
            size = as_number(message(dim).get(_DIM_VALUE))
            shape.append(size if size > 0 else None)  # some exporters write 0 or -1 for a free axis
    code = as_number(tensor.get(_TENSOR_ELEM_TYPE))
    return Port(as_text(value.get(_VALUE_NAME)), tuple(shape), _ELEM_TYPES.get(code, f"type {code}"))
