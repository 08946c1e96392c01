"""Small pose networks with weights from a fixed seed: a stem, a depthwise block, a residual Add, two heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec.structs import replace
from onnx import TensorProto, helper, numpy_helper

from edgepose.model import ModelSpec, OutputSpec, save_spec

SPEC = ModelSpec(
    name="small",
    input_name="input",
    mean=(128.0, 128.0, 128.0),
    scale=(1 / 256, 1 / 256, 1 / 256),
    input_hw=(32, 48),
    heatmaps=OutputSpec(name="heatmaps"),
    pafs=OutputSpec(name="pafs"),
)


def small_network(separate_bias: bool = True, opset: int = 13, seed: int = 0, batch: int | None = None) -> Any:
    """An ONNX model of SPEC's contract; separate_bias leaves the bias as an Add behind each Conv, as exporters do.

    batch: the only one that it takes, as a Reshape in the middle insists; any where left out.
    """
    random = np.random.default_rng(seed)
    nodes, stored = [], []

    def store(name: str, array: Any) -> str:
        stored.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def conv(x: str, n_in: int, n_out: int, k: int, name: str, stride: int = 1, groups: int = 1) -> str:
        weights = random.standard_normal((n_out, n_in // groups, k, k)) * np.sqrt(2 / (n_in // groups * k * k))
        bias = random.standard_normal(n_out) * 0.1
        inputs = [x, store(f"{name}_w", weights)]
        attributes = {"kernel_shape": [k, k], "pads": [k // 2] * 4, "strides": [stride] * 2, "group": groups}
        if not separate_bias:
            nodes.append(helper.make_node("Conv", [*inputs, store(f"{name}_b", bias)], [name], name=name, **attributes))
            return name
        nodes.append(helper.make_node("Conv", inputs, [f"{name}_raw"], name=name, **attributes))
        nodes.append(helper.make_node("Add", [f"{name}_raw", store(f"{name}_b", bias.reshape(1, -1, 1, 1))], [name]))
        return name

    def relu(x: str) -> str:
        nodes.append(helper.make_node("Relu", [x], [f"{x}_relu"]))
        return f"{x}_relu"

    stem = relu(conv("input", 3, 16, 3, "stem", stride=2))
    deep = relu(conv(stem, 16, 16, 3, "depthwise", stride=2, groups=16))
    wide = relu(conv(deep, 16, 24, 1, "pointwise"))
    down = relu(conv(wide, 24, 24, 3, "down", stride=2))
    branch = relu(conv(down, 24, 24, 3, "branch"))
    nodes.append(helper.make_node("Add", [branch, down], ["joined"]))
    if batch is not None:
        stored.append(numpy_helper.from_array(np.array([batch, 24, 4, 6]), "whole"))
        nodes.append(helper.make_node("Reshape", ["joined", "whole"], ["joined_again"]))
    trunk = relu(conv("joined" if batch is None else "joined_again", 24, 24, 1, "trunk"))
    for name, channels in (("heatmaps", 19), ("pafs", 38)):
        conv(trunk, 24, channels, 1, f"{name}_head")
        nodes.append(helper.make_node("Identity", [f"{name}_head"], [name]))
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch or "N", 3, "H", "W"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch or "N", channels, "h", "w"])
            for name, channels in (("heatmaps", 19), ("pafs", 38))
        ],
        stored,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def write_small(folder: Path, name: str = "small.onnx", **words: Any) -> Path:
    """The network as a file with its sidecar."""
    path = folder / name
    onnx.save(small_network(**words), str(path))
    batch = words.get("batch")
    save_spec(SPEC if batch is None else replace(SPEC, dynamic_batch=False, batch=batch), path)
    return path


def run(model: Any, tensor: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Heatmaps and PAFs of a model, by ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[np.ndarray[Any, Any]] = session.run(["heatmaps", "pafs"], {"input": tensor})
    return found


def pictures_like(random: np.random.Generator, n: int = 1) -> np.ndarray[Any, Any]:
    """float32 (n, 3, 32, 48) inputs in the range of SPEC."""
    return random.uniform(-0.5, 0.5, (n, 3, 32, 48)).astype(np.float32)


def ranges_of(model: Any, tensor: np.ndarray[Any, Any]) -> dict[str, float]:
    """Largest value of each tensor that needs a range, on one input."""
    from edgepose.engine.int8.probe import Probe
    from edgepose.engine.int8.quantise import tensors_to_measure

    found = Probe(model, SPEC, tensors_to_measure(model))(tensor[0])
    return {name: float(np.abs(value).max()) for name, value in found.items()}
