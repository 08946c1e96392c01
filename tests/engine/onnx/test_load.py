"""Plain form: the same results with bias and batch norm inside the convolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from small_network import pictures_like, run, small_network, write_small

from edgepose.engine.onnx.load import load_plain
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import convolutions
from edgepose.errors import ModelError


def test_bias_adds_and_identities_go_and_results_stay() -> None:
    model = small_network()
    folded = plain(model)
    kinds = [node.op_type for node in folded.graph.node]
    assert kinds.count("Add") == 1  # the residual one
    assert "Identity" not in kinds
    tensor = pictures_like(np.random.default_rng(1), 2)
    for before, after in zip(run(model, tensor), run(folded, tensor), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_batch_norm_goes_into_the_convolution() -> None:
    model = small_network(separate_bias=False)
    stem = model.graph.node[0]
    random = np.random.default_rng(2)
    values = {
        "gamma": 1 + random.random(16),
        "beta": random.random(16),
        "mean": random.random(16),
        "var": random.random(16),
    }
    for name, value in values.items():
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
    stem.output[0] = "stem_before"
    model.graph.node.insert(1, helper.make_node("BatchNormalization", ["stem_before", *values], ["stem"]))
    folded = plain(model)
    assert all(node.op_type != "BatchNormalization" for node in folded.graph.node)
    tensor = pictures_like(random)
    np.testing.assert_allclose(run(folded, tensor)[0], run(model, tensor)[0], atol=1e-4)


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
