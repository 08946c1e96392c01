"""What a graph may ask for is stated and checked before a runtime opens it: no loops, no sizes that no memory holds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from networks import EXPORTS, write_export

from edgepose.backends import BackendOptions, open_backend
from edgepose.errors import ModelError
from edgepose.model import load_spec, read_contract, save_spec, sidecar_path

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


@pytest.fixture
def path(tmp_path):
    return write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], (64, 96), [], fixed=True)


def changed(path, change):
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())


def store(model, name, array):
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))


def endless_loop(model):
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, [])],
        [value("go_on", TensorProto.BOOL, [])],
    )
    store(model, "yes", True)
    model.graph.node.append(helper.make_node("Loop", ["", "yes"], [], name="forever", body=body))


def loop_in_a_branch(model):
    endless_loop(model)
    loop = model.graph.node.pop()
    value = helper.make_tensor_value_info("z", TensorProto.BOOL, [])
    branch = helper.make_graph([loop, helper.make_node("Identity", ["yes"], ["z"])], "branch", [], [value])
    model.graph.node.append(helper.make_node("If", ["yes"], ["z"], then_branch=branch, else_branch=branch))


def huge_constant(model):
    store(model, "shape", np.array([1, 19, 90_000, 90_000]))
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["z"]))


def huge_tile(model):
    model.graph.node.append(
        helper.make_node(
            "Constant", [], ["times"], value=numpy_helper.from_array(np.array([1, 1, 80_000, 80_000]), "t")
        )
    )
    model.graph.node.append(helper.make_node("Tile", ["pafs", "times"], ["z"]))


def huge_pads(model):
    store(model, "w", np.ones((1, 3, 1, 1), np.float32))
    model.graph.node.append(helper.make_node("Conv", ["data", "w"], ["z"], pads=[1_000_000] * 4))


def conv_without_weights(model):
    model.graph.node.append(helper.make_node("Conv", ["data"], ["z"], name="lost"))


def add_of_nothing(model):
    model.graph.node.append(helper.make_node("Add", ["data", ""], ["z"]))


def huge_batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4096


def zero_stride(model):
    model.graph.node.append(helper.make_node("MaxPool", ["data"], ["z"], kernel_shape=[2, 2], strides=[0, 0]))


def huge_input(model):
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 80_000


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (endless_loop, "has a Loop 'forever': loops may never end"),
        (loop_in_a_branch, "has a Loop 'forever'"),
        (huge_constant, "has a ConstantOfShape that makes 153900000000 numbers, at most 268435456 are run"),
        (huge_tile, "has a Tile that makes 6400000000 numbers"),
        (huge_pads, "has a Conv with pads .*from 0 to 4096 are run"),
        (zero_stride, "has a MaxPool with strides .*from 1 to 4096 are run"),
        (conv_without_weights, r"is damaged: Conv 'lost' has too few inputs \(1\)"),
        (add_of_nothing, r"is damaged: Add has too few inputs \(2\)"),
        (huge_input, "80000 x 80000, at most 268435456 numbers are run"),
    ],
)
def test_a_graph_that_would_hang_or_fill_the_memory_is_refused_with_the_limit(path, change, words, runtime):
    spec = load_spec(path)
    changed(path, change)
    with pytest.raises(ModelError, match=words):
        read_contract(path)
    with pytest.raises(ModelError, match=words):
        open_backend(path, BackendOptions(name=runtime), spec)


def test_a_graph_of_a_huge_batch_is_refused_with_the_limit(path):
    changed(path, huge_batch)
    with pytest.raises(ModelError, match=r"4096 pictures of 64x96; at most .* batches of 256"):
        read_contract(path)


@pytest.mark.parametrize(
    ("size", "batch"), [([80_000, 80_000], 1), ([8200, 80], 1), ([8000, 8000], 1), ([256, 456], 1000)]
)
def test_a_sidecar_of_an_absurd_size_is_refused_with_the_limit(tmp_path, size, batch):
    path = write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], (64, 96), [])
    save_spec(load_spec(path), path)
    contract = json.loads(sidecar_path(path).read_text())
    fixed = {"input_hw": size, "batch": batch, "dynamic_batch": False}
    sidecar_path(path).write_text(json.dumps(contract | fixed))
    with pytest.raises(ModelError, match=rf"{size[0]}x{size[1]}; at most 8192 a side, 33554432 pixels"):
        load_spec(path)
