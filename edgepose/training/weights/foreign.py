"""Convolutions of networks that others exported, brought to the input that our networks are fed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import MissingDependencyError, ModelError
from edgepose.training.network.validate import own_spec


@dataclass(frozen=True)
class ConvWeights:
    """One convolution of a file. weight: float32 (out, in / groups, k, k). bias: float32 (out,), norms folded in."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def read_onnx_convs(path: Path) -> list[ConvWeights]:
    """The 2-D convolutions of a graph in their order, with the constant Add or batch norm after each folded in.

    ModelError when there is none, or the file is no ONNX.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise MissingDependencyError("reading ONNX weights needs onnx; pip install 'edgepose[train]'") from error
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:
        raise ModelError(f"{path.name!r} is not a readable ONNX file: {error}") from error
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:  # weights stored as float16
        if node.op_type == "Cast" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
    users = {name: node for node in graph.node for name in node.input}
    convs = []
    for node in graph.node:
        if node.op_type != "Conv" or node.input[1] not in constants:
            continue
        weight = np.asarray(constants[node.input[1]], np.float32)
        bias = np.zeros(len(weight), np.float32)
        if len(node.input) > 2:
            bias = np.asarray(constants[node.input[2]], np.float32)
        after = users.get(node.output[0])
        if after is not None and after.op_type == "Add":
            shift = next((constants[name] for name in after.input if name in constants), None)
            if shift is not None and shift.size == len(bias):
                bias = bias + np.asarray(shift, np.float32).ravel()
        elif after is not None and after.op_type == "BatchNormalization":
            gamma, beta, mean, variance = (np.asarray(constants[name], np.float32) for name in after.input[1:5])
            epsilon = next((a.f for a in after.attribute if a.name == "epsilon"), 1e-5)
            factor = (gamma / np.sqrt(variance + epsilon)).astype(np.float32)
            weight, bias = weight * factor[:, None, None, None], (bias - mean) * factor + beta
        convs.append(ConvWeights(weight, bias))
    if not convs:
        raise ModelError(f"{path.name!r} has no convolution whose weights it stores; give an exported pose network")
    return convs


def for_own_input(
    first: ConvWeights, colour: str, mean: tuple[float, float, float], scale: tuple[float, float, float]
) -> ConvWeights:
    """The first convolution of a network fed (x - mean) scale, for our input: BGR, (x - 128) / 255.

    A scale of 1 means that the graph normalises by itself; then only the channels change places. The zero padding at
    the picture's border means another grey afterwards, which is all that differs.
    """
    weight, bias = first.weight, first.bias
    if tuple(scale) != (1.0, 1.0, 1.0):
        spec = own_spec("own")
        factor = np.asarray(scale) / np.asarray(spec.scale)
        offset = (np.asarray(spec.mean) - np.asarray(mean)) * np.asarray(scale)
        bias = (bias + (weight.sum((2, 3)) * offset).sum(1)).astype(np.float32)
        weight = (weight * factor[:, None, None]).astype(np.float32)
    if colour == "RGB":
        weight = np.ascontiguousarray(weight[:, ::-1])
    return ConvWeights(weight, bias)
