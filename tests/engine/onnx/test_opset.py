"""Newer opsets come down to 17 with every result the same, or are refused with the node that 17 lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_network import pictures_like, small_network

from edgepose.engine.onnx.load import load_plain, read_model
from edgepose.engine.onnx.opset import lowered, opset_of
from edgepose.errors import ModelError

INPUT = (1, 4, 12, 16)


def graph_of(opset: int, *nodes: Any, **stored: Any) -> Any:
    """A graph from `x` float32 (1, 4, 12, 16) to `y`."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        list(nodes),
        "g",
        [value("x", TensorProto.FLOAT, INPUT)],
        [value("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def result(model: Any) -> np.ndarray[Any, Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(1).standard_normal(INPUT).astype(np.float32)
    found: np.ndarray[Any, Any] = session.run(["y"], {"x": picture})[0]
    return found


node = helper.make_node
NETWORKS = {
    "convolution and pooling": (
        node("Conv", ["x", "w"], ["c"], pads=[1] * 4),
        node("MaxPool", ["c"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
        node("AveragePool", ["m"], ["y"], kernel_shape=[2, 2], dilations=[1, 1]),
    ),
    "mean over stored axes": (node("ReduceMean", ["x", "axes"], ["y"], keepdims=1),),
    "maximum over all": (node("ReduceMax", ["x"], ["y"]),),
    "squares over a constant's axes": (
        node("Constant", [], ["own"], value=numpy_helper.from_array(np.array([1]), "own")),
        node("ReduceSumSquare", ["x", "own"], ["y"], noop_with_empty_axes=0),
    ),
    "resize": (node("Resize", ["x", "", "scales"], ["y"], mode="linear", antialias=0),),
    "pad": (node("Pad", ["x", "pads"], ["y"], mode="reflect"),),
    "split in two": (node("Split", ["x"], ["y", "z"], axis=1, num_outputs=2),),
    "cast and back": (
        node("Cast", ["x"], ["i"], to=TensorProto.INT32, saturate=1),
        node("Cast", ["i"], ["y"], to=TensorProto.FLOAT),
    ),
}
STORED = {
    "w": np.random.default_rng(2).standard_normal((6, 4, 3, 3)).astype(np.float32),
    "axes": np.array([2, 3]),
    "scales": np.array([1, 1, 2, 2], np.float32),
    "pads": np.array([0, 0, 1, 2, 0, 0, 2, 1]),
}


NEW_AT_19 = {"cast and back", "convolution and pooling"}
"""Cast's saturate and AveragePool's dilations."""


@pytest.mark.parametrize(
    ("name", "opset"),
    [(name, opset) for name in NETWORKS for opset in (18, 19, 20, 22, 24) if opset > 18 or name not in NEW_AT_19],
)
def test_what_17_can_say_is_said_with_the_same_result(name: str, opset: int) -> None:
    read = {word for one in NETWORKS[name] for word in one.input}
    model = graph_of(opset, *NETWORKS[name], **{key: value for key, value in STORED.items() if key in read})
    old = lowered(model)
    assert (opset_of(old), old.ir_version) == (17, 8)
    onnx.checker.check_model(old, full_check=True)
    np.testing.assert_allclose(result(old), result(model), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("made", "stored"),
    [
        (node("Gelu", ["x"], ["y"]), {}),
        (node("Pad", ["x", "pads"], ["y"], mode="wrap"), {"pads": STORED["pads"]}),
        (node("Split", ["x"], ["y", "z", "w"], axis=1, num_outputs=3), {}),
        (node("Resize", ["x", "", "scales"], ["y"], mode="linear", antialias=1), {"scales": STORED["scales"] / 2}),
    ],
    ids=["no such operation", "no such value", "parts of other sizes", "no such attribute"],
)
def test_what_17_lacks_is_refused(made: Any, stored: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        lowered(graph_of(20, made, **stored))


def test_a_graph_that_is_old_enough_is_left_as_it_is() -> None:
    model = small_network()
    assert lowered(model) is model


def test_a_file_of_opset_20_is_read_in_opset_17_and_its_weights_stay(tmp_path: Path) -> None:
    model = small_network(opset=20)
    model.ir_version = 10
    onnx.save(model, tmp_path / "new.onnx")
    plain = load_plain(tmp_path / "new.onnx")
    assert (opset_of(plain), plain.ir_version) == (17, 8)
    from small_network import run

    tensor = pictures_like(np.random.default_rng(1))
    for exact, found in zip(run(model, tensor), run(plain, tensor), strict=True):
        np.testing.assert_allclose(found, exact, atol=1e-5)


def test_what_cannot_come_down_is_one_sentence_and_passes_where_a_newer_reader_is_at_hand(tmp_path: Path) -> None:
    path = tmp_path / "gelu.onnx"
    model = graph_of(20, node("Gelu", ["x"], ["y"]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, INPUT))
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r"opset 20, which cannot be brought down to the 17 .*opset_version=17"):
        read_model(path)
    assert opset_of(read_model(path, any_opset=True)) == 20
