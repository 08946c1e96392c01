"""What every runtime promises: the same numbers, free sizes and batches, clear refusals, an end."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from networks import EXPORTS, one_person, picture, write_export

from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.outputs import check_strides
from edgepose.errors import BackendError, ClosedError, ModelError, ShapeError
from edgepose.look.preprocess import Preprocessor, split_fields
from edgepose.model import ModelSpec, OutputSpec, load_spec

pytest.importorskip("onnx")

INPUT_HW = (256, 320)


@pytest.fixture(params=["openvino", "onnxruntime"])
def runtime(request):
    pytest.importorskip(request.param)
    return BackendOptions(name=request.param, threads=1, precision="f32")


@pytest.fixture
def model(tmp_path):
    return write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], INPUT_HW, [one_person()])


def _batch(spec, n=1):
    tensor, _ = Preprocessor(spec, INPUT_HW).prepare(picture(INPUT_HW))
    return np.stack([tensor] * n)


def test_heatmaps_come_first_whatever_the_graphs_order(model, runtime):
    backend = open_backend(model, runtime)
    heatmaps, pafs = backend.infer(_batch(backend.spec))
    assert (heatmaps.shape[1], pafs.shape[1]) == (19, 38)


def test_a_batch_gives_as_many_fields(model, runtime):
    backend = open_backend(model, runtime)
    fields = split_fields(backend.spec, backend.infer(_batch(backend.spec, 3)))
    assert len(fields) == 3
    assert np.array_equal(fields[0].heatmaps, fields[2].heatmaps)


def test_it_says_what_it_computes_in(model, runtime):
    info = open_backend(model, runtime).info
    assert (info.name, info.precision) == (runtime.name, "f32")
    assert info.version


def test_a_batch_of_another_kind_is_refused(model, runtime):
    backend = open_backend(model, runtime)
    for batch in (np.zeros((1, 256, 320, 3), np.float32), np.zeros((3, 256, 320), np.float32)):
        with pytest.raises(ShapeError, match=r"takes float32 \(N, 3, H, W\)"):
            backend.infer(batch)


def test_a_fixed_network_refuses_other_sizes_and_batches(tmp_path, runtime):
    path = write_export(tmp_path / "f.onnx", EXPORTS["openpose"], INPUT_HW, [one_person()], fixed=True)
    backend = open_backend(path, runtime)
    with pytest.raises(ShapeError, match="pictures of 256x320 only, got 128x320"):
        backend.infer(np.zeros((1, 3, 128, 320), np.float32))
    with pytest.raises(ShapeError, match="one picture at a time, got a batch of 2"):
        backend.infer(np.zeros((2, 3, *INPUT_HW), np.float32))


def test_closing_twice_is_fine_and_using_it_closed_says_so(model, runtime):
    backend = open_backend(model, runtime)
    backend.close()
    backend.close()
    with pytest.raises(ClosedError, match="was closed"):
        backend.infer(np.zeros((1, 3, *INPUT_HW), np.float32))


def test_an_output_that_is_not_there_is_told(model, runtime):
    spec = replace(load_spec(model), pafs=OutputSpec(name="paf"))
    with pytest.raises(ModelError, match="wanted output 'paf'"):
        open_backend(model, runtime, spec)


def test_a_graph_that_the_runtime_cannot_run_is_told_in_one_line(tmp_path, runtime):
    import onnx

    path = write_export(tmp_path / "odd.onnx", EXPORTS["openpose"], INPUT_HW, [])
    graph = onnx.load(path)
    graph.graph.node[0].op_type = "NoSuchOperator"
    onnx.save(graph, path)
    with pytest.raises(ModelError, match="cannot load") as caught:
        open_backend(path, runtime)
    assert "\n" not in str(caught.value)


def test_bf16_is_refused_where_it_cannot_be_had(model):
    pytest.importorskip("onnxruntime")
    with pytest.raises(BackendError, match="computes in f32"):
        open_backend(model, BackendOptions(name="onnxruntime", precision="bf16"))


def test_the_runtimes_agree_on_a_real_network(shared):
    pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    path = shared / "models" / "human-pose-estimation-0001.fp32.onnx"
    batch = np.random.default_rng(0).uniform(0, 255, (1, 3, 64, 96)).astype(np.float32)
    outputs = [
        [tensor.copy() for tensor in open_backend(path, BackendOptions(name=name, precision="f32")).infer(batch)]
        for name in ("openvino", "onnxruntime")
    ]
    for one, other in zip(*outputs, strict=True):
        assert np.abs(one - other).max() < 1e-4


def test_an_operation_that_the_runtime_does_not_know_is_named(tmp_path, runtime):
    import onnx

    path = write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], INPUT_HW, [one_person()])
    spec, model = load_spec(path), onnx.load(str(path))
    model.graph.node[0].op_type, model.graph.node[0].domain = "NotAnOperator", "my.ops"
    model.opset_import.append(onnx.helper.make_opsetid("my.ops", 1))
    onnx.save(model, str(path))
    with pytest.raises(ModelError, match="NotAnOperator") as caught:
        open_backend(path, runtime, spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 19, 8), r"maps have 4 axes, but output 'heatmaps' gave \(2, 19, 8\)"),
        ((), r"maps have 4 axes, but output 'heatmaps' gave \(\)"),
        ((1, 19, 8, 12), r"2 pictures went in, but output 'heatmaps' gave \(1, 19, 8, 12\)"),
        ((2, 19, 12, 8), "the contract says stride 8"),
    ],
)
def test_outputs_that_are_no_maps_of_the_pictures_are_one_sentence(shape, words):
    outputs = [np.zeros(shape, np.float32), np.zeros((2, 38, 8, 12), np.float32)]
    with pytest.raises(ModelError, match=words):
        check_strides(ModelSpec(name="pose"), np.zeros((2, 3, 64, 96), np.float32), outputs)


def test_axes_of_size_0_are_free_ones(tmp_path, runtime):
    """Some exporters write 0 where any size goes; OpenVINO ended the process."""
    import onnx

    path = write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], INPUT_HW, [one_person()])
    model = onnx.load(path)
    for axis in (0, 2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].Clear()
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 0
    onnx.save(model, path)
    backend = open_backend(path, runtime)
    assert backend.infer(_batch(backend.spec, 2))[0].shape[:2] == (2, 19)


def test_a_message_of_openvino_that_is_no_utf_8_is_one_sentence(model, monkeypatch):
    """It quotes names of a damaged graph as they are, and Python cannot make words of them."""
    openvino = pytest.importorskip("openvino")

    def read(*_):
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    monkeypatch.setattr(openvino.Core, "read_model", read)
    with pytest.raises(ModelError, match="OpenVINO cannot load"):
        open_backend(model, BackendOptions(name="openvino"))
