"""Files are read, lifted to what calibration needs, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from small_network import small_network, write_small

from edgepose.engine.onnx.load import load_plain, read_model
from edgepose.engine.onnx.queries import convolutions
from edgepose.errors import ModelError


def test_an_old_opset_is_lifted_to_one_with_per_channel_dequantisation(tmp_path: Path) -> None:
    model = load_plain(write_small(tmp_path, opset=11))
    assert model.opset_import[0].version == 13
    assert len(convolutions(model)) == 8


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("newer opset", lambda m: _with_gelu(m), "opset 20"),
        ("no convolution", lambda m: _only_relu(m), "no convolution"),
        ("quantised", lambda m: _with_qdq(m), "quantised already"),
    ],
)
def test_graphs_that_cannot_be_quantised_are_refused_in_one_sentence(tmp_path, name, change, words) -> None:
    model = small_network()
    change(model)
    path = tmp_path / "model.onnx"
    onnx.save(model, str(path))
    with pytest.raises(ModelError, match=words):
        load_plain(path)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x07"])
def test_files_that_are_no_onnx_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        load_plain(path)


@pytest.mark.parametrize("field", ["dims", "data_type"])
def test_weights_whose_bytes_do_not_fit_their_shape_or_type_are_refused(tmp_path: Path, field: str) -> None:
    model = small_network()
    tensor = model.graph.initializer[0]
    if field == "dims":
        tensor.dims[0] += 5
    else:
        tensor.data_type = 33
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=r"model\.onnx' cannot be read as ONNX"):
        load_plain(tmp_path / "model.onnx")


def test_weights_beyond_what_one_message_holds_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "big.onnx"
    onnx.save_model(
        small_network(), tmp_path / "big.onnx", save_as_external_data=True, location="big", size_threshold=0
    )
    with (tmp_path / "big").open("ab") as file:
        file.truncate(3 << 30)  # no bytes on the disk
    with pytest.raises(ModelError, match=r"has 3\.2 GB with its weights; at most 2\.1 GB"):
        read_model(path)


def test_an_opset_that_cannot_be_brought_up_is_one_sentence(tmp_path: Path) -> None:
    model = small_network()
    model.opset_import[0].version = 1  # whose Add has no broadcast of its own, which takes sizes that are free here
    onnx.save(model, tmp_path / "old.onnx")
    with pytest.raises(ModelError, match=r"opset 1, which cannot be brought up to 13 .*opset_version=17"):
        load_plain(tmp_path / "old.onnx")


def _only_relu(model) -> None:
    del model.graph.node[:]
    model.graph.node.extend(helper.make_node("Relu", ["input"], [name]) for name in ("heatmaps", "pafs"))
    del model.graph.initializer[:]


def _with_gelu(model) -> None:
    model.opset_import[0].version = 20
    model.graph.node.append(helper.make_node("Gelu", ["heatmaps"], ["unread"]))


def _with_qdq(model) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.1), "s"))
    model.graph.initializer.append(numpy_helper.from_array(np.int8(0), "z"))
    model.graph.node.insert(0, helper.make_node("QuantizeLinear", ["input", "s", "z"], ["input_q"]))
