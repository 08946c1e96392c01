"""Reads an ONNX file into the plain form every later step works on: one Conv node per convolution, bias inside.

Exporters leave the bias as a separate Add, batch normalisation as its own node, weights as Constant nodes, and older
ones an opset without per-channel dequantisation. `load_plain` removes those differences without changing a result.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.errors import MissingDependencyError, ModelError

MAX_OPSET = 17
"""TensorRT 8.6 (JetPack 6.0) reads no newer one."""
MAX_IR = 8
PER_CHANNEL_OPSET = 13
"""The first opset whose DequantizeLinear has an axis."""


def onnx_module() -> Any:
    """The onnx package, or MissingDependencyError that says how to get it."""
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(
            "preparing a model needs the package onnx; install it: pip install 'edgepose[onnx]'"
        ) from error
    return onnx


def read_model(path: Path) -> Any:
    """The ModelProto of a file, unchanged. ModelError when it is missing, no ONNX, or newer than TensorRT 8.6 reads."""
    onnx = onnx_module()
    if not path.is_file():
        raise ModelError(f"model '{path}' does not exist; give the path of an ONNX file")
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"model '{path}' cannot be read as ONNX ({reason}); export it again") from error
    if opset_of(model) > MAX_OPSET:
        raise ModelError(
            f"model '{path}' uses ONNX opset {opset_of(model)}, TensorRT 8.6 reads up to {MAX_OPSET}; "
            f"export it again with opset {MAX_OPSET}"
        )
    return model


def load_plain(path: Path) -> Any:
    """The model in plain form, ready to measure and quantise.

    Raises ModelError for what `read_model` refuses, for a graph without a convolution and for one that holds Q/DQ.
    """
    onnx = onnx_module()
    model = read_model(path)
    kinds = {node.op_type for node in model.graph.node}
    if "QuantizeLinear" in kinds or "DequantizeLinear" in kinds:
        raise ModelError(f"model '{path}' is quantised already; give the FP32 model it was made from")
    if "Conv" not in kinds:
        raise ModelError(f"model '{path}' has no convolution to quantise; give a pose network exported as FP32 ONNX")
    if opset_of(model) < PER_CHANNEL_OPSET:
        model = onnx.version_converter.convert_version(model, PER_CHANNEL_OPSET)
    return plain(model)


def opset_of(model: Any) -> int:
    """Version of the default operator set."""
    return max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)


def plain(model: Any) -> Any:
    """The same network with Constants as initialisers, batch norm and bias folded into Conv, and no inner Identity."""
    model = copied(model)
    model.ir_version = min(model.ir_version, MAX_IR)
    _constants_to_initialisers(model)
    _stored_casts_to_initialisers(model)
    fold_batch_norm(model)
    fold_bias(model)
    _drop_identities(model)
    _drop_unused_initialisers(model)
    return model


def initialisers(model: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Every stored tensor by name."""
    onnx = onnx_module()
    return {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}


def consumers(model: Any) -> dict[str, list[Any]]:
    """Nodes that read each tensor, in graph order."""
    readers: dict[str, list[Any]] = defaultdict(list)
    for node in model.graph.node:
        for name in dict.fromkeys(node.input):
            readers[name].append(node)
    return readers


def convolutions(model: Any) -> list[Any]:
    """Conv nodes whose weights are stored in the file, in graph order."""
    stored = {item.name for item in model.graph.initializer}
    return [node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in stored]


def fold_bias(model: Any) -> None:
    """Turn Conv followed by an Add of one number per channel into a Conv with that bias, in place."""
    stored, readers, outputs = initialisers(model), consumers(model), {item.name for item in model.graph.output}
    for conv in convolutions(model):
        after = readers[conv.output[0]]
        if len(after) != 1 or after[0].op_type != "Add" or conv.output[0] in outputs:
            continue
        add = after[0]
        other = add.input[1] if add.input[0] == conv.output[0] else add.input[0]
        bias = _per_channel(stored.get(other), stored[conv.input[1]].shape[0])
        if bias is None:
            continue
        add_bias(model, conv, bias)
        conv.output[0] = add.output[0]
        model.graph.node.remove(add)


def fold_batch_norm(model: Any) -> None:
    """Turn Conv followed by BatchNormalization into a Conv with scaled weights and a bias, in place."""
    onnx = onnx_module()
    stored, readers, outputs = initialisers(model), consumers(model), {item.name for item in model.graph.output}
    for conv in convolutions(model):
        after = readers[conv.output[0]]
        if len(after) != 1 or after[0].op_type != "BatchNormalization" or conv.output[0] in outputs:
            continue
        norm = after[0]
        gamma, beta, mean, variance = (stored[name] for name in norm.input[1:5])
        epsilon = next((item.f for item in norm.attribute if item.name == "epsilon"), 1e-5)
        factor = gamma / np.sqrt(variance + epsilon)
        weights = stored[conv.input[1]] * factor.reshape(-1, *[1] * (stored[conv.input[1]].ndim - 1))
        name = f"{conv.output[0]}_folded_weight"
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights.astype(np.float32), name))
        bias = (_bias(conv, stored, len(factor)) - mean) * factor + beta
        conv.input[1] = name
        _set_bias(model, conv, bias)
        conv.output[0] = norm.output[0]
        model.graph.node.remove(norm)


def _bias(conv: Any, stored: dict[str, np.ndarray[Any, Any]], n: int) -> np.ndarray[Any, Any]:
    return stored[conv.input[2]] if len(conv.input) > 2 else np.zeros(n, np.float32)


def _set_bias(model: Any, conv: Any, bias: np.ndarray[Any, Any]) -> None:
    taken = {item.name for item in model.graph.initializer}
    name = f"{conv.output[0]}_bias"
    while name in taken:
        name += "_"
    model.graph.initializer.append(onnx_module().numpy_helper.from_array(bias.astype(np.float32), name))
    del conv.input[2:]
    conv.input.append(name)


def add_bias(model: Any, conv: Any, values: np.ndarray[Any, Any]) -> None:
    """Add one number per output channel, (O,), to what a Conv gives, in place."""
    own = {item.name: item for item in model.graph.initializer if item.name in conv.input[2:]}
    stored = {name: onnx_module().numpy_helper.to_array(item) for name, item in own.items()}
    _set_bias(model, conv, _bias(conv, stored, len(values)) + values)


def _per_channel(array: np.ndarray[Any, Any] | None, n: int) -> np.ndarray[Any, Any] | None:
    """A constant that adds one number per channel of (N, C, H, W), as float32 (C,); None when it does not."""
    if array is None or array.size not in (1, n) or array.ndim > 4:
        return None
    shape = (1,) * (4 - array.ndim) + array.shape
    return np.broadcast_to(array.reshape(-1), n).astype(np.float32) if shape in ((1, n, 1, 1), (1, 1, 1, 1)) else None


def _constants_to_initialisers(model: Any) -> None:
    onnx = onnx_module()
    for node in [item for item in model.graph.node if item.op_type == "Constant"]:
        value = next((item.t for item in node.attribute if item.name == "value"), None)
        if value is not None:
            array = onnx.numpy_helper.to_array(value)
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, node.output[0]))
            model.graph.node.remove(node)


def _stored_casts_to_initialisers(model: Any) -> None:
    """Weights that are stored as float16 and cast while loading become plain float32 initialisers."""
    onnx = onnx_module()
    stored = initialisers(model)
    for node in [item for item in model.graph.node if item.op_type == "Cast" and item.input[0] in stored]:
        kind = next(item.i for item in node.attribute if item.name == "to")
        array = stored[node.input[0]].astype(onnx.helper.tensor_dtype_to_np_dtype(kind))
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, node.output[0]))
        model.graph.node.remove(node)


def _drop_identities(model: Any) -> None:
    """Remove Identity nodes; a graph output keeps its name, which moves to the node that makes the value."""
    outputs = {item.name for item in model.graph.output}
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in [item for item in model.graph.node if item.op_type == "Identity"]:
        old, new = node.input[0], node.output[0]
        if new in outputs:
            if old in outputs or old not in makers:
                continue
            old, new = new, old
        for other in model.graph.node:
            for slots in (other.input, other.output):
                for k, name in enumerate(slots):
                    if name == new and other is not node:
                        slots[k] = old
        model.graph.node.remove(node)


def _drop_unused_initialisers(model: Any) -> None:
    used = {name for node in model.graph.node for name in node.input} | {item.name for item in model.graph.output}
    kept = {item.name: item for item in model.graph.initializer if item.name in used}
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept.values())


def copied(proto: Any) -> Any:
    """A deep copy of any ONNX message."""
    copy = type(proto)()
    copy.CopyFrom(proto)
    return copy
