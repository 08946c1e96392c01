"""Runs an exported pose network in PyTorch, node by node, so that its weights can be trained where they are.

Q/DQ pairs become fake quantisation: values are rounded to the steps that INT8 has, and gradients pass as if they were
not (the straight-through estimator; Y. Bengio, N. Leonard, A. Courville, "Estimating or propagating gradients through
stochastic neurons", 2013). B. Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", CVPR 2018, trains networks so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from torch import Tensor, nn

from edgepose.errors import MissingDependencyError, ModelError

INT8_MAX = 127


class OnnxGraph(nn.Module):
    """A network of convolutions as a PyTorch module: (N, C, H, W) to its outputs in their order.

    model: ONNX ModelProto with weights as initialisers, with Q/DQ or without. Weights that are stored as int8 are
    trained in units of their own step, `step_weights`; the rest, biases included, as they are, `float_weights`.
    ModelError names a node that no pose network of ours has.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        try:
            from onnx import helper, numpy_helper
        except ImportError as error:
            raise MissingDependencyError(
                "training an ONNX network needs onnx; pip install 'edgepose[train]'"
            ) from error
        graph = model.graph
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.outputs = [item.name for item in graph.output]
        (self.input,) = [item.name for item in graph.input if item.name not in arrays]
        self.nodes = [
            (
                node.op_type,
                list(node.input),
                node.output[0],
                {a.name: helper.get_attribute_value(a) for a in node.attribute},
            )
            for node in graph.node
        ]
        unknown = sorted({kind for kind, *_ in self.nodes} - set(_OPERATIONS) - {"QuantizeLinear", "DequantizeLinear"})
        if unknown:
            raise ModelError(
                f"this network has {unknown[0]} nodes, which cannot be trained here; leave fine-tuning out"
            )
        read = {name: kind for kind, inputs, _, _ in self.nodes if kind.endswith("Linear") for name in inputs[1:]}
        self.step_weights, self.float_weights = nn.ParameterDict(), nn.ParameterDict()
        self.fixed: dict[str, Tensor] = {}
        for name, array in arrays.items():
            tensor = torch.from_numpy(array.astype(np.float32))
            if name in read or not array.ndim:
                self.fixed[name] = tensor
            elif array.dtype == np.int8:
                self.step_weights[_key(name)] = nn.Parameter(tensor)
            else:
                self.float_weights[_key(name)] = nn.Parameter(tensor)

    def forward(self, x: Tensor) -> list[Tensor]:
        values = {self.input: x}
        for kind, inputs, output, attributes in self.nodes:
            given = [self._value(name, values) for name in inputs if name]
            values[output] = self._compute(kind, given, attributes)
        return [values[name] for name in self.outputs]

    def _value(self, name: str, values: dict[str, Tensor]) -> Tensor:
        if name in values:
            return values[name]
        if name in self.fixed:
            return self.fixed[name]
        key = _key(name)
        if key in self.step_weights:
            return _round(self.step_weights[key].clamp(-INT8_MAX, INT8_MAX))
        return self.float_weights[key]  # type: ignore[no-any-return]

    @staticmethod
    def _compute(kind: str, given: list[Tensor], attributes: dict[str, Any]) -> Tensor:
        if kind == "QuantizeLinear":
            return _round((given[0] / given[1]).clamp(-INT8_MAX - 1, INT8_MAX))
        if kind == "DequantizeLinear":
            scale = given[1]
            if scale.ndim:
                shape = [1] * given[0].ndim
                shape[attributes.get("axis", 1)] = -1
                scale = scale.reshape(shape)
            return given[0] * scale
        return _OPERATIONS[kind](given, attributes)  # type: ignore[no-any-return]

    @torch.no_grad()
    def write_to(self, model: Any) -> None:
        """Put the trained weights into a model that has the same initialisers, in place."""
        from onnx import numpy_helper

        for tensor in model.graph.initializer:
            key = _key(tensor.name)
            if key in self.step_weights:
                steps = self.step_weights[key].round().clamp(-INT8_MAX, INT8_MAX).numpy().astype(np.int8)
                tensor.CopyFrom(numpy_helper.from_array(steps, tensor.name))
            elif key in self.float_weights:
                tensor.CopyFrom(numpy_helper.from_array(self.float_weights[key].numpy(), tensor.name))


def _key(name: str) -> str:
    """A name that PyTorch takes for a parameter."""
    return name.replace(".", "/")


def _round(x: Tensor) -> Tensor:
    """Rounded to nearest; the gradient passes straight through."""
    return x + (x.round() - x).detach()


def _conv(given: list[Tensor], attributes: dict[str, Any]) -> Tensor:
    bias = given[2] if len(given) > 2 else None
    pads = attributes.get("pads", [0, 0, 0, 0])
    stride, dilation = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    top, left, bottom, right = pads
    x = given[0]
    if (top, left) != (bottom, right):
        x, top, left = F.pad(x, (left, right, top, bottom)), 0, 0
    return F.conv2d(x, given[1], bias, stride, (top, left), dilation, attributes.get("group", 1))


_OPERATIONS: dict[str, Any] = {
    "Conv": _conv,
    "Relu": lambda given, _: F.relu(given[0]),
    "Clip": lambda given, _: torch.clamp(given[0], *given[1:]),
    "Elu": lambda given, attributes: F.elu(given[0], attributes.get("alpha", 1.0)),
    "Add": lambda given, _: given[0] + given[1],
    "Mul": lambda given, _: given[0] * given[1],
    "Concat": lambda given, attributes: torch.cat(given, attributes["axis"]),
    "MaxPool": lambda given, attributes: F.max_pool2d(
        given[0], attributes["kernel_shape"], attributes.get("strides"), attributes.get("pads", [0, 0])[:2]
    ),
}
