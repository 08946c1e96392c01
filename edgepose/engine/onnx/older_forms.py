"""Nodes of opset 18 and later in the form that opset 17 has, where it has one for the same thing.

onnx's own converter lacks the way back for most nodes of what PyTorch exports (Pad, ConstantOfShape, Resize); few of
them changed in more than what types they take.
"""

from __future__ import annotations

from typing import Any

from edgepose.engine.onnx.constants import constants_to_initialisers
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import initialisers

_REDUCTIONS = {
    f"Reduce{kind}" for kind in ("Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
}
"""Take their axes as an input from 18 on, as an attribute before; ReduceSum changed at 13."""

_DEFAULTS: dict[str, dict[str, Any]] = {
    "Resize": {"antialias": 0, "keep_aspect_ratio_policy": b"stretch"},
    "Split": {},
    "Cast": {"saturate": 1},
    "CastLike": {"saturate": 1},
    "QuantizeLinear": {"saturate": 1, "block_size": 0, "output_dtype": 0, "precision": 0},
    "DequantizeLinear": {"block_size": 0, "output_dtype": 0},
    "Reshape": {"allowzero": 0},
    **{kind: {"noop_with_empty_axes": 0} for kind in _REDUCTIONS},
}
"""Attributes that are new after 17, at the value that means what 17 does."""


_NEWER_WORDS = {("Pad", b"wrap"), ("Resize", b"half_pixel_symmetric")}
"""Values of attributes that 17 does not know; onnx's checker lets them pass."""


def to_older_forms(model: Any) -> None:
    """Rewrite what can be said in opset 17 exactly, in place; leave the rest, and the opset's number.

    ValueError where an attribute has a value that 17 does not know."""
    constants_to_initialisers(model)
    stored = initialisers(model)
    for node in model.graph.node:
        for item in node.attribute:
            if (node.op_type, item.s) in _NEWER_WORDS:
                raise ValueError(f"{node.op_type} with {item.name} {item.s.decode()!r}")
        _drop_defaults(node)
        if node.op_type in _REDUCTIONS and len(node.input) > 1 and node.input[1] in stored:
            axes = [int(axis) for axis in stored[node.input[1]].ravel()]
            del node.input[1:]
            if axes:
                node.attribute.append(onnx_module().helper.make_attribute("axes", axes))
        if node.op_type == "AveragePool":
            _drop(node, lambda name, value: name == "dilations" and set(value) == {1})
        if node.op_type == "Split" and len(node.input) == 1:
            even = _splits_evenly(model, node)
            _drop(node, lambda name, value, even=even: name == "num_outputs" and even)


def _drop_defaults(node: Any) -> None:
    known = _DEFAULTS.get(node.op_type, {})
    _drop(node, lambda name, value: name in known and known[name] == value)


def _drop(node: Any, unneeded: Any) -> None:
    value_of = onnx_module().helper.get_attribute_value
    kept = [item for item in node.attribute if not unneeded(item.name, value_of(item))]
    if len(kept) < len(node.attribute):
        copies = [type(item).FromString(item.SerializeToString()) for item in kept]
        del node.attribute[:]
        node.attribute.extend(copies)


def _splits_evenly(model: Any, node: Any) -> bool:
    """Whether the parts are alike, as they are before 18; from then on the last may be smaller."""
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    known = {item.name: item for part in (model.graph.value_info, model.graph.input) for item in part}
    if node.input[0] not in known:
        return False
    dims = known[node.input[0]].type.tensor_type.shape.dim
    return -len(dims) <= axis < len(dims) and dims[axis].dim_value > 0 and dims[axis].dim_value % len(node.output) == 0
