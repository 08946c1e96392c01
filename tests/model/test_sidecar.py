"""A sidecar settles a contract, survives a round trip, and is refused where it contradicts its graph."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace
from networks import EXPORTS, write_export

from edgepose.errors import FileError, ModelError
from edgepose.model import OutputSpec, load_spec, read_contract, save_spec, sidecar_path

pytest.importorskip("onnx")

HW = (64, 96)


@pytest.fixture
def model(tmp_path):
    return write_export(tmp_path / "pose.onnx", EXPORTS["bodyposenet deployable"], HW, [], fixed=True)


def test_a_saved_contract_is_read_back_unchanged(model):
    spec = replace(load_spec(model), name="door", pad_value=7)
    save_spec(spec, model)
    contract = read_contract(model)
    assert contract.spec == spec
    assert contract.origin == str(sidecar_path(model))
    assert contract.assumed == ()


@pytest.mark.parametrize(
    ("change", "says", "has"),
    [
        ({"input_name": "picture"}, "input_name 'picture'", "'input_1:0'"),
        ({"input_layout": "NCHW"}, "three-channel NCHW picture", "1 x 64 x 96 x 3"),
        ({"input_hw": (64, 64)}, "picture of 64x64", "1 x 64 x 96 x 3"),
        ({"dynamic_size": True}, "dynamic_size true", "1 x 64 x 96 x 3"),
        ({"dynamic_batch": True}, "dynamic_batch true", "1 x 64 x 96 x 3"),
        ({"skeleton": "trt_pose_18"}, "pafs of skeleton trt_pose_18 .42 channels", "1 x 32 x 48 x 38"),
        ({"heatmaps": OutputSpec(name="cmap")}, "heatmaps.name 'cmap'", "'conv2d_transpose_1/BiasAdd:0'"),
        (
            {"heatmaps": OutputSpec(name="heatmap_out/BiasAdd:0", layout="NCHW")},
            "heatmaps of skeleton bodyposenet_18 .18 channels, NCHW",
            "1 x 8 x 12 x 19",
        ),
        (
            {"heatmaps": OutputSpec(name="heatmap_out/BiasAdd:0", layout="NHWC", channels=(10, 29))},
            "channels 10 to 29",
            "1 x 8 x 12 x 19",
        ),
        (
            {"heatmaps": OutputSpec(name="heatmap_out/BiasAdd:0", layout="NHWC", stride=4)},
            "heatmaps.stride 4",
            "1 x 8 x 12 x 19",
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_contradiction_quotes_the_sidecar_and_the_graph(model, change, says, has):
    save_spec(replace(load_spec(model), **change), model)
    with pytest.raises(ModelError) as caught:
        load_spec(model)
    message = str(caught.value)
    assert "pose.json contradicts its model: it says" in message
    for words in (says, has):
        assert re.search(words, message), message


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("colour", "GREY", r"colour"),
        ("scale", [1, 0, 1], "scale not 0"),
        ("pad_value", 300, "from 0 to 255"),
        ("input_hw", [60, 96], "positive multiples of multiple"),
        ("skeleton", "coco_17", "has no limbs"),
        ("skeleton", "mine", "known are bodyposenet_18, coco_17, trt_pose_18"),
        ("pafs", {"name": "x", "stride": -1}, "pafs.stride is -1"),
        ("heatmaps", {"name": "x", "channels": [5, 5]}, "heatmaps.channels"),
        ("resize", "nearest", "resize"),
        ("color", "RGB", "did you mean 'colour'"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_with_its_key(model, key, value, words):
    save_spec(load_spec(model), model)
    contract = json.loads(sidecar_path(model).read_text())
    sidecar_path(model).write_text(json.dumps(contract | {key: value}))
    with pytest.raises(ModelError, match=words):
        load_spec(model)


def test_a_contract_from_before_there_was_a_choice_of_kernel_means_halving(model):
    """Its network was trained, and its INT8 calibrated, with pictures scaled so."""
    save_spec(load_spec(model), model)
    contract = json.loads(sidecar_path(model).read_text())
    del contract["resize"]
    sidecar_path(model).write_text(json.dumps(contract))
    assert load_spec(model).resize == "halving"


def test_a_sidecar_that_is_not_json_is_told(model):
    sidecar_path(model).write_text("colour = RGB")
    with pytest.raises(ModelError, match="is not JSON"):
        load_spec(model)


def test_a_key_with_line_breaks_in_it_stays_on_one_line(model):
    save_spec(load_spec(model), model)
    contract = json.loads(sidecar_path(model).read_text())
    sidecar_path(model).write_text(json.dumps(contract | {"a\nb\x1b[31m": 1}))
    with pytest.raises(ModelError, match="unknown field") as caught:
        load_spec(model)
    assert str(caught.value).isprintable()


def test_an_engine_needs_its_sidecar(tmp_path):
    (tmp_path / "pose.engine").write_bytes(b"engine")
    with pytest.raises(ModelError, match=r"has no sidecar pose\.json"):
        load_spec(tmp_path / "pose.engine")


def test_a_folder_that_cannot_be_written_to_is_told(model):
    sidecar_path(model).mkdir()
    with pytest.raises(FileError, match="cannot write"):
        save_spec(read_contract(model, "bodyposenet").spec, model)
