"""A graph that takes eight pictures at once is given eight, whatever number comes; each picture gets its own maps."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.filling import run_filled
from edgepose.errors import ModelError
from edgepose.look.estimator import PoseEstimator
from edgepose.model import load_spec, read_contract, save_spec

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

HW, STRIDE = (64, 96), 8


def write_fixed(path, batch, free_size=False):
    """Maps that are the picture's own brightness, for exactly `batch` pictures: it reshapes with that number."""
    value, nodes, outputs = helper.make_tensor_value_info, [], []
    H, W = ("H", "W") if free_size else HW
    stored = [numpy_helper.from_array(np.array([batch, 3, -1, 0] if free_size else [batch, 3, *HW]), "shape")]
    nodes.append(helper.make_node("Reshape", ["data", "shape"], ["same"]))
    nodes.append(helper.make_node("AveragePool", ["same"], ["p"], kernel_shape=[STRIDE] * 2, strides=[STRIDE] * 2))
    for name, channels in (("heatmaps", 19), ("pafs", 38)):
        stored.append(numpy_helper.from_array(np.full((channels, 3, 1, 1), 1 / 3, np.float32), f"{name}_w"))
        nodes.append(helper.make_node("Conv", ["p", f"{name}_w"], [name]))
        h, w = ("h", "w") if free_size else (HW[0] // STRIDE, HW[1] // STRIDE)
        outputs.append(value(name, TensorProto.FLOAT, [batch, channels, h, w]))
    graph = helper.make_graph(nodes, "g", [value("data", TensorProto.FLOAT, [batch, 3, H, W])], outputs, stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def pictures(n):
    return np.broadcast_to(np.arange(1, n + 1, dtype=np.float32)[:, None, None, None], (n, 3, *HW)).copy()


def test_the_contract_says_how_many_and_a_sidecar_that_says_otherwise_is_refused(tmp_path):
    path = write_fixed(tmp_path / "pose.onnx", 8)
    spec = read_contract(path).spec
    assert (spec.dynamic_batch, spec.batch) == (False, 8)
    save_spec(spec, path)
    assert load_spec(path) == replace(spec, name="pose")
    save_spec(replace(spec, batch=4), path)
    with pytest.raises(ModelError, match="says batch 4, the graph has data float32 8 x 3"):
        load_spec(path)


@pytest.mark.parametrize(("batch", "n"), [(1, 1), *((batch, n) for batch in (2, 8) for n in (1, 2, 3, 7, 8, 9))])
@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_any_number_of_pictures_goes_through_and_each_gets_its_own_maps(tmp_path, runtime, batch, n):
    pytest.importorskip(runtime)
    path = write_fixed(tmp_path / "pose.onnx", batch)
    backend = open_backend(path, BackendOptions(name=runtime, precision="f32", threads=1))
    for maps, channels in zip(backend.infer(pictures(n)), (19, 38), strict=True):
        assert maps.shape == (n, channels, 8, 12)
        np.testing.assert_allclose(maps[:, 0, 0, 0], np.arange(1, n + 1), rtol=1e-5)
    backend.close()


def test_pictures_of_free_size_are_filled_up_too(tmp_path):
    path = write_fixed(tmp_path / "pose.onnx", 4, free_size=True)
    backend = open_backend(path, BackendOptions(name="onnxruntime"))
    assert backend.spec.dynamic_size
    np.testing.assert_allclose(backend.infer(pictures(3))[0][:, 0, 0, 0], [1, 2, 3], rtol=1e-5)


def test_one_picture_at_a_time_works_as_with_any_network(tmp_path):
    with PoseEstimator(write_fixed(tmp_path / "pose.onnx", 8), backend="onnxruntime") as estimator:
        assert estimator(np.zeros((*HW, 3), np.uint8)) == []


def test_results_outlive_the_memory_that_the_runtime_uses_again():
    memory = np.zeros((2, 1), np.float32)

    def run(batch):
        memory[:] = batch
        return [memory]

    (found,) = run_filled(run, np.arange(5, dtype=np.float32)[:, None], 2)
    np.testing.assert_array_equal(found[:, 0], np.arange(5))
