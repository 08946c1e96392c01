"""Weights in a file of their own: found beside the graph, checked, hashed with it, refused in a sentence."""

from __future__ import annotations

import os

import numpy as np
import pytest

from edgepose.backends import BackendOptions, open_backend
from edgepose.errors import ModelError
from edgepose.files import sha256_of
from edgepose.model import model_sha256, read_contract, weight_files

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RUNTIMES = ["openvino", "onnxruntime"]


def network(seed=0):
    """A pose network of two 1x1 convolutions with enough weights to be kept apart."""
    random, value = np.random.default_rng(seed), helper.make_tensor_value_info
    nodes, stored, outputs = (
        [helper.make_node("AveragePool", ["data"], ["p"], kernel_shape=[8, 8], strides=[8, 8])],
        [],
        [],
    )
    for name, channels in (("heatmaps", 19), ("pafs", 38)):
        weights = random.random((channels, 3, 1, 1)).astype(np.float32)
        stored.append(numpy_helper.from_array(weights, f"{name}_w"))
        nodes.append(helper.make_node("Conv", ["p", f"{name}_w"], [name]))
        outputs.append(value(name, TensorProto.FLOAT, [1, channels, 8, 12]))
    graph = helper.make_graph(nodes, "g", [value("data", TensorProto.FLOAT, [1, 3, 64, 96])], outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def save_apart(path, seed=0, data="pose.onnx.data"):
    onnx.save_model(
        network(seed), path, save_as_external_data=True, location=data, size_threshold=0, convert_attribute=False
    )
    return path


def pointing_to(path, location, **entries):
    """The graph at `path`, its first weights kept at `location`."""
    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    known = {item.key: item.value for item in tensor.external_data} | {"location": location} | entries
    del tensor.external_data[:]
    for key, value in known.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def apart(tmp_path):
    (tmp_path / "models").mkdir()
    return save_apart(tmp_path / "models" / "pose.onnx")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_weights_beside_the_graph_are_found_and_run(apart, runtime):
    pytest.importorskip(runtime)
    assert [path.name for path in weight_files(apart)] == ["pose.onnx.data"]
    backend = open_backend(apart, BackendOptions(name=runtime, precision="f32"))
    heatmaps, _ = backend.infer(np.ones((1, 3, 64, 96), np.float32))
    wanted = numpy_helper.to_array(onnx.load(apart).graph.initializer[0]).sum((1, 2, 3))
    np.testing.assert_allclose(heatmaps[0, :, 0, 0], wanted, rtol=1e-4)
    backend.close()


def test_other_weights_are_another_model_though_the_graph_is_the_same(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = save_apart(tmp_path / "a" / "pose.onnx", 1), save_apart(tmp_path / "b" / "pose.onnx", 2)
    assert sha256_of(first) == sha256_of(second)
    assert model_sha256(first) != model_sha256(second)
    assert model_sha256(first) == model_sha256(first)


def test_a_model_in_one_file_keeps_the_digest_of_that_file(tmp_path):
    path = tmp_path / "pose.onnx"
    onnx.save(network(), path)
    assert weight_files(path) == ()
    assert model_sha256(path) == sha256_of(path)


def outside(path):
    (path.parent.parent / "secret").write_bytes((path.parent / "pose.onnx.data").read_bytes())
    pointing_to(path, "../secret")


def by_link(path):
    outside(path)
    pointing_to(path, "pose.onnx.data")
    (path.parent / "pose.onnx.data").unlink()
    (path.parent / "pose.onnx.data").symlink_to(path.parent.parent / "secret")


def through_a_linked_folder(path):
    (path.parent / "data").symlink_to(path.parent)
    pointing_to(path, "data/../pose.onnx.data")


def fifo(path):
    (path.parent / "pose.onnx.data").unlink()
    os.mkfifo(path.parent / "pose.onnx.data")


def cut_short(path):
    data = path.parent / "pose.onnx.data"
    data.write_bytes(data.read_bytes()[:-4])


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: (path.parent / "pose.onnx.data").unlink(), r"in pose\.onnx\.data, which is not beside it; copy"),
        (outside, r"in '\.\./secret'; they may only lie in a file beside it"),
        (lambda path: pointing_to(path, "/etc/passwd"), r"in '/etc/passwd'; they may only lie"),
        (lambda path: pointing_to(path, ""), r"in ''; they may only lie"),
        (through_a_linked_folder, r"in 'data/\.\./pose\.onnx\.data'; they may only lie"),
        (by_link, r"in pose\.onnx\.data, which is a link"),
        (fifo, r"in pose\.onnx\.data, which is no plain file"),
        (cut_short, r"pose\.onnx\.data \(\d+ bytes\) does not hold the weights 'pafs_w'"),
        (lambda path: pointing_to(path, "pose.onnx.data", offset="-1"), "does not hold the weights 'heatmaps_w'"),
        (lambda path: pointing_to(path, "pose.onnx.data", length="9" * 30), "does not hold"),
        (lambda path: pointing_to(path, "pose.onnx.data", offset="x"), "does not hold"),
    ],
    ids=["missing", "outside", "absolute", "no name", "folder", "link", "fifo", "cut short", "before", "long", "text"],
)
def test_what_lies_elsewhere_is_refused_before_a_runtime_opens_it(apart, change, words, runtime):
    spec = read_contract(apart).spec
    change(apart)
    for attempt in (
        lambda: read_contract(apart),
        lambda: model_sha256(apart),
        lambda: open_backend(apart, BackendOptions(name=runtime), spec),
    ):
        with pytest.raises(ModelError, match=words):
            attempt()


def test_weights_of_a_constant_inside_a_branch_are_looked_at_too(tmp_path):
    path = tmp_path / "pose.onnx"
    model = network()
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/shadow")
    value = helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=tensor)], "branch", [], [value])
    model.graph.node.append(helper.make_node("If", ["yes"], ["unread"], then_branch=branch, else_branch=branch))
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"'c' in '/etc/shadow'; they may only lie"):
        weight_files(path)
