"""A network exported in float16, or one that takes bytes, gives what its float32 form gives, on CPUs and in engines."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.backends import BackendOptions, open_backend
from edgepose.errors import ModelError
from edgepose.model import read_contract

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

HW = (64, 96)


def write(path, kind):
    """Maps that are half the picture's brightness; inputs, weights and outputs float16, or the input bytes."""
    half = kind == TensorProto.FLOAT16
    inner, value = kind if half else TensorProto.FLOAT, helper.make_tensor_value_info
    nodes, stored, outputs = [helper.make_node("Cast", ["data"], ["picture"], to=inner)], [], []
    nodes.append(helper.make_node("AveragePool", ["picture"], ["p"], kernel_shape=[8, 8], strides=[8, 8]))
    for name, channels in (("heatmaps", 19), ("pafs", 38)):
        weights = np.full((channels, 3, 1, 1), 1 / 6, np.float16 if half else np.float32)
        stored.append(numpy_helper.from_array(weights, f"{name}_w"))
        nodes.append(helper.make_node("Conv", ["p", f"{name}_w"], [name]))
        outputs.append(value(name, inner, [None, channels, HW[0] // 8, HW[1] // 8]))
    graph = helper.make_graph(nodes, "g", [value("data", kind, [None, 3, *HW])], outputs, stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


TYPES = pytest.mark.parametrize(
    "kind", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8], ids=["float32", "float16", "uint8"]
)


@TYPES
@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_runtime_is_given_the_type_that_the_graph_takes(tmp_path, runtime, kind):
    pytest.importorskip(runtime)
    backend = open_backend(write(tmp_path / "pose.onnx", kind), BackendOptions(name=runtime, precision="f32"))
    assert (backend.spec.mean, backend.spec.scale) == ((0.0,) * 3, (1.0,) * 3)
    heatmaps, pafs = backend.infer(np.full((2, 3, *HW), 100, np.float32))
    np.testing.assert_allclose([heatmaps.mean(), pafs.mean()], 50, rtol=1e-3)
    if getattr(backend, "takes_pixels", False):
        np.testing.assert_allclose(backend.infer(np.full((1, *HW, 3), 100, np.uint8))[0], 50, rtol=1e-3)
    backend.close()


@TYPES
def test_an_engine_is_built_and_measured_in_float32(tmp_path, kind):
    from edgepose.engine.int8.probe import Probe
    from edgepose.engine.onnx.load import load_plain

    path = write(tmp_path / "pose.onnx", kind)
    model = load_plain(path)
    ends = [item.type.tensor_type.elem_type for item in (*model.graph.input, *model.graph.output)]
    assert set(ends) == {TensorProto.FLOAT}
    found = Probe(model, read_contract(path).spec, ["heatmaps"])(np.full((3, *HW), 100, np.float32))
    np.testing.assert_allclose(found["heatmaps"], 50, rtol=1e-3)


def test_another_type_is_refused_with_those_that_run(tmp_path):
    path = write(tmp_path / "pose.onnx", TensorProto.INT32)
    with pytest.raises(ModelError, match=r"takes data int32 .*an input of float32, float16, uint8"):
        read_contract(path)
