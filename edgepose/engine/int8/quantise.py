"""Writes the INT8 model: explicit Q/DQ in the form that every TensorRT from 8.6 to 11 and OpenVINO run in int8.

Symmetric int8 with zero point 0: one scale per tensor for activations, one per output channel for weights, which are
stored as int8. The bias stays float. Q/DQ stands in front of convolutions and on the skip branch of a residual Add;
nothing stands between a convolution and its activation, so that TensorRT fuses the three.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.onnx.edit import drop_unused_initialisers, set_nodes, store
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import consumers, convolutions, initialisers
from edgepose.errors import ModelError

INT8_MAX = 127


def layer_name(conv: Any) -> str:
    """The name a convolution goes by in reports and in `keep`: that of its output tensor."""
    return str(conv.output[0])


def first_layers(model: Any) -> list[str]:
    """Convolutions that see the picture: no other convolution lies before them."""
    seen: set[str] = set()
    first = []
    for node in model.graph.node:
        after_conv = any(name in seen for name in node.input)
        if node.op_type == "Conv" and not after_conv:
            first.append(layer_name(node))
        if node.op_type == "Conv" or after_conv:
            seen.update(node.output)
    return first


def head_layers(model: Any) -> list[str]:
    """Convolutions whose result reaches an output without another convolution after them."""
    ends = _behind_last_convolution(model)
    return [layer_name(node) for node in model.graph.node if node.op_type == "Conv" and node.output[0] in ends]


def _behind_last_convolution(model: Any) -> set[str]:
    """Tensors that reach an output without another convolution."""
    ends = {item.name for item in model.graph.output}
    for node in reversed(model.graph.node):
        if node.op_type != "Conv" and any(name in ends for name in node.output):
            ends.update(node.input)
    return ends


def skip_branches(model: Any) -> dict[str, str]:
    """Output of each residual Add -> the input that skips ahead: the one of its two that was made first.

    An Add of maps, such as a refinement stage's to those before it, is no residual: its sum is the result, and stays
    in float.
    """
    ends = _behind_last_convolution(model)
    position = {name: k for k, node in enumerate(model.graph.node) for name in node.output}
    skips = {}
    for node in model.graph.node:
        inner = node.op_type == "Add" and node.output[0] not in ends
        if inner and all(name in position for name in node.input):
            skips[node.output[0]] = min(node.input, key=position.__getitem__)
    return skips


def behind_concat(model: Any) -> list[str]:
    """Convolutions that read a Concat. They stay in floating point.

    OpenVINO (measured: 2026.4.1) moves the quantiser in front of the Concat and takes unsigned integers for branches
    that hold negative values, which ruins the PAFs; and heatmaps, PAFs and features joined under one scale leave the
    first two a few steps each.
    """
    joined = {name for node in model.graph.node if node.op_type == "Concat" for name in node.output}
    return [layer_name(conv) for conv in convolutions(model) if conv.input[0] in joined]


def tensors_to_measure(model: Any) -> list[str]:
    """Activations whose range is needed: what convolutions and residual Adds read, and what the network gives out."""
    wanted = [conv.input[0] for conv in convolutions(model)]
    wanted += skip_branches(model).values()
    wanted += [item.name for item in model.graph.output]
    return list(dict.fromkeys(wanted))


def weight_scales(weights: NDArray[Any]) -> NDArray[np.float32]:
    """Value of one int8 step for each output channel, (O,)."""
    largest = np.abs(weights).reshape(len(weights), -1).max(1)
    scales: NDArray[np.float32] = (np.maximum(largest, 1e-12) / INT8_MAX).astype(np.float32)
    return scales


def quantised(
    model: Any,
    amax: Mapping[str, float],
    keep: Collection[str] = (),
    weights: Mapping[str, NDArray[np.int8]] | None = None,
) -> Any:
    """A new model with Q/DQ around every convolution but those named in `keep`.

    model: plain form (`onnx.plain`). amax: range of each tensor of `tensors_to_measure`. weights: int8 weights by the
    name of their initialiser, rounded to nearest where not given. ModelError when a range or a layer named in `keep`
    is missing.
    """
    model = plain(model)
    layers = {layer_name(conv): conv for conv in convolutions(model)}
    unknown = sorted(set(keep) - set(layers))
    if unknown:
        raise ModelError(
            f"no layer {unknown[0]!r} to keep in float; layers are named by their output: {', '.join(layers)}"
        )
    writer = _Writer(model, amax, weights or {})
    for name, conv in layers.items():
        if name not in keep:
            conv.input[0] = writer.activation(conv.input[0])
            conv.input[1] = writer.weights(conv.input[1])
    for add_output, skip in skip_branches(model).items():
        writer.skip(add_output, skip)
    writer.finish()
    return model


class _Writer:
    """Adds the Q/DQ nodes of one model, each right behind the tensor it quantises."""

    def __init__(self, model: Any, amax: Mapping[str, float], rounded: Mapping[str, NDArray[np.int8]]) -> None:
        self._onnx = onnx_module()
        self._model = model
        self._amax = amax
        self._rounded = rounded
        self._stored = initialisers(model)
        self._names = Names(model)
        self._readers = consumers(model)
        self._after: dict[str, list[Any]] = {}
        self._front: list[Any] = []
        self._pairs: dict[str, str] = {}
        self._weights: dict[str, str] = {}
        self._steps: dict[str, tuple[str, str]] = {}

    def activation(self, name: str) -> str:
        """The dequantised form of a tensor; convolutions that read the same tensor share it."""
        if name not in self._pairs:
            self._pairs[name] = self._pair(name, "")
        return self._pairs[name]

    def skip(self, add_output: str, name: str) -> None:
        """Quantise the skip branch of an Add, with a pair of its own so that TensorRT may fuse the Add."""
        if name not in self._pairs:
            return  # what feeds the branch stays in float, and so does the Add
        add = next(node for node in self._readers[name] if add_output in node.output)
        add.input[list(add.input).index(name)] = self._pair(name, f"_to_{add_output}")

    def weights(self, name: str) -> str:
        """Stored weights as int8 with one scale per output channel, and the node that makes floats of them."""
        if name not in self._weights:
            values = self._stored[name]
            scale = weight_scales(values)
            steps = self._rounded.get(name)
            if steps is None:
                nearest = np.rint(values / scale.reshape(-1, *[1] * (values.ndim - 1)))
                steps = np.clip(nearest, -INT8_MAX, INT8_MAX).astype(np.int8)
            integers = self._store(f"{name}_int8", steps)
            scales = self._store(f"{name}_scale", scale)
            zeros = self._store(f"{name}_zero", np.zeros(len(values), np.int8))
            self._weights[name] = self._names.free(f"{name}_dq")
            self._front.append(self._node("DequantizeLinear", [integers, scales, zeros], self._weights[name], axis=0))
        return self._weights[name]

    def finish(self) -> None:
        """Put the new nodes in their places and drop the float weights that nobody reads any more."""
        nodes = list(self._front)
        for item in self._model.graph.input:
            nodes += self._after.get(item.name, [])
        for node in self._model.graph.node:
            nodes.append(node)
            for name in node.output:
                nodes += self._after.get(name, [])
        set_nodes(self._model, nodes)
        drop_unused_initialisers(self._model)
        del self._model.graph.value_info[:]

    def _pair(self, name: str, suffix: str) -> str:
        if name not in self._amax:
            raise ModelError(f"no range was measured for tensor {name!r}; calibrate this model again")
        if name not in self._steps:
            scale = self._store(f"{name}_scale", np.array(self._amax[name] / INT8_MAX, np.float32))
            self._steps[name] = scale, self._store(f"{name}_zero", np.array(0, np.int8))
        stem, steps = f"{name}{suffix}", list(self._steps[name])
        integers, floats = self._names.free(f"{stem}_q"), self._names.free(f"{stem}_dq")
        self._after.setdefault(name, []).extend(
            [
                self._node("QuantizeLinear", [name, *steps], integers),
                self._node("DequantizeLinear", [integers, *steps], floats),
            ]
        )
        return floats

    def _store(self, wish: str, array: np.ndarray[Any, Any]) -> str:
        return store(self._model, self._names.free(wish), array)

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
        return self._onnx.helper.make_node(kind, inputs, [output], name=output, **attributes)
