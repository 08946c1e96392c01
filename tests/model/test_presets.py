"""Every published export loads without hand-editing, and a person in it comes out at the right pixel."""

from __future__ import annotations

import numpy as np
import pytest
from networks import EXPORTS, one_person, picture, write_export

from edgepose.backends import BackendOptions, open_backend
from edgepose.errors import ModelError
from edgepose.look.estimator import PoseEstimator
from edgepose.model import PRESETS, load_spec, read_contract, save_spec

pytest.importorskip("onnx")

INPUT_HW = (256, 320)
BACKENDS = ["openvino", "onnxruntime"]


def _chosen(path, export):
    """The contract a user gets: both orders of OpenPose's one tensor look alike, so one of them must be asked for."""
    return read_contract(path, export.preset if export.preset == "openpose_pafs_first" else None).spec


@pytest.mark.parametrize("runtime", BACKENDS)
@pytest.mark.parametrize("fixed", [False, True], ids=["free size", "fixed size"])
@pytest.mark.parametrize("name", EXPORTS)
def test_a_drawn_person_comes_out_at_the_right_pixel(tmp_path, name, fixed, runtime):
    pytest.importorskip(runtime)
    export = EXPORTS[name]
    path = write_export(tmp_path / "pose.onnx", export, INPUT_HW, [one_person()], fixed=fixed)
    save_spec(_chosen(path, export), path)
    options = BackendOptions(name=runtime, precision="f32", threads=1)
    image = picture((480, 600))  # scaled by 8/15 to 256 x 320, exactly
    with PoseEstimator(path, backend=options, height=256) as estimator:
        (pose,) = estimator(image)
    wanted = (one_person()[:, :2] + 0.5) * (15 / 8) - 0.5
    assert np.abs(pose.keypoints[:, :2] - wanted).max() < 3.0  # source pixels; a cell is 15 (7.5 for trt_pose)
    assert pose.keypoints[:, 2].min() > 0.6


@pytest.mark.parametrize("name", EXPORTS)
def test_each_export_is_recognised_from_its_graph(tmp_path, name):
    export = EXPORTS[name]
    path = write_export(tmp_path / "pose.onnx", export, INPUT_HW, [one_person()])
    contract = read_contract(path)
    expected = "openpose" if export.preset == "openpose_pafs_first" else export.preset
    assert contract.origin == f"preset {expected}"
    assert (contract.spec.colour, contract.spec.input_layout) == (export.colour, export.layout)
    assert contract.spec.mean == pytest.approx(export.mean)
    assert contract.spec.scale == pytest.approx(export.scale)
    assert (contract.spec.heatmaps.stride, contract.spec.pafs.stride) == (export.heatmap_stride, export.paf_stride)
    assert contract.spec.dynamic_size and contract.spec.dynamic_batch


def test_what_a_graph_cannot_tell_is_listed_as_assumed(tmp_path):
    path = write_export(tmp_path / "pose.onnx", EXPORTS["openpose"], INPUT_HW, [])
    assumed = " | ".join(read_contract(path).assumed)
    assert "BGR, (x - 128) / 256" in assumed
    assert "heatmaps come first in net_output" in assumed
    assert "strides heatmaps 8, PAFs 8" in assumed


def test_of_several_stages_the_last_is_used(tmp_path):
    spec = load_spec(write_export(tmp_path / "pose.onnx", EXPORTS["lightweight openpose"], INPUT_HW, []))
    assert (spec.heatmaps.name, spec.pafs.name) == ("stage_1_output_1_heatmaps", "stage_1_output_0_pafs")


def test_strides_of_a_fixed_graph_are_read_from_it(tmp_path):
    """The upsampled PAFs are found by size even when the exporter renamed the tensor."""
    from dataclasses import replace

    export = replace(EXPORTS["bodyposenet deployable"], outputs=(("a", "pafs"), ("b", "heatmaps")))
    spec = load_spec(write_export(tmp_path / "pose.onnx", export, INPUT_HW, [], fixed=True))
    assert (spec.pafs.stride, spec.heatmaps.stride, spec.input_hw) == (2.0, 8.0, INPUT_HW)
    assert not spec.dynamic_size


def test_a_free_graph_with_another_stride_than_assumed_is_refused_at_its_first_picture(tmp_path):
    from dataclasses import replace

    export = replace(EXPORTS["bodyposenet deployable"], outputs=(("a", "pafs"), ("b", "heatmaps")))
    path = write_export(tmp_path / "pose.onnx", export, INPUT_HW, [])
    backend = open_backend(path)
    with pytest.raises(ModelError, match=r"says stride 8 .* for output 'a', but an input of 256x320 gave"):
        backend.infer(np.zeros((1, *INPUT_HW, 3), np.float32))


def test_an_unknown_network_is_answered_with_what_it_has(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:])
    onnx.save(helper.make_model(graph), tmp_path / "relu.onnx")
    with pytest.raises(ModelError, match=r"does not look like a known pose network.*y float32 1 x 3 x 8 x 8.*sidecar"):
        load_spec(tmp_path / "relu.onnx")


def test_a_network_that_does_not_take_pictures_is_answered_with_what_it_has(tmp_path):
    import onnx

    model = onnx.load(write_export(tmp_path / "pose.onnx", EXPORTS["openpose"], INPUT_HW, []))
    del model.graph.input[0].type.tensor_type.shape.dim[2:]
    onnx.save(model, tmp_path / "pose.onnx")
    with pytest.raises(ModelError, match=r"inputs image float32 \? x 3;"):
        load_spec(tmp_path / "pose.onnx")


def test_an_unknown_preset_is_answered_with_the_known_ones(tmp_path):
    path = write_export(tmp_path / "pose.onnx", EXPORTS["openpose"], INPUT_HW, [])
    with pytest.raises(ModelError, match=", ".join(PRESETS)):
        read_contract(path, "alphapose")


def test_a_name_with_line_breaks_in_it_stays_on_one_line(tmp_path):
    import onnx

    model = onnx.load(write_export(tmp_path / "pose.onnx", EXPORTS["openpose"], INPUT_HW, []))
    model.graph.output[0].name = model.graph.node[-1].output[0] = "net\n\noutput\x1b[31m"
    del model.graph.output[0].type.tensor_type.shape.dim[3:]
    onnx.save(model, tmp_path / "pose.onnx")
    with pytest.raises(ModelError) as caught:
        load_spec(tmp_path / "pose.onnx")
    assert str(caught.value).isprintable()
