"""TensorRT-RTX's real parser and builder on our graphs: FP32, FP16 and Q/DQ, without a GPU. Skipped where it is not
installed (pip install tensorrt-rtx, 96 MB)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from msgspec.structs import replace
from onnx import helper, numpy_helper
from small_network import SPEC, pictures_like, small_network
from test_quantise import ranges_of

from edgepose.engine.int8.centre import centrable, centred
from edgepose.engine.int8.quantise import behind_concat, quantised, tensors_to_measure
from edgepose.engine.onnx.load import load_plain, read_model
from edgepose.engine.onnx.plain import plain
from edgepose.engine.tensorrt.builder import build_serialized
from edgepose.engine.tensorrt.capabilities import capabilities
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import ModelError
from edgepose.model import load_spec, shipped_model

trt = pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed")


def build(model: Any, precision: str, spec: Any = SPEC, input_hw: tuple[int, int] = (32, 48)) -> bytes:
    options = BuildOptions(precision=precision, compute_capability="SM86", max_batch=2, workspace_mb=256)
    return build_serialized(trt, model, spec, input_hw, options)


@pytest.fixture(scope="module")
def int8() -> Any:
    model = plain(small_network())
    return quantised(model, ranges_of(model, pictures_like(np.random.default_rng(1))))


def test_it_is_a_strongly_typed_tensorrt_that_builds_without_its_gpu() -> None:
    can = capabilities(trt)
    assert (can.weak_typing, can.calibrators, can.cross_build, can.tensor_names) == (False, False, True, True)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_float_graphs_build(precision: str) -> None:
    assert len(build(small_network(), precision)) > 10_000


@pytest.mark.parametrize("colour", ["BGR", "RGB"])
def test_the_real_parser_takes_uint8_pictures(int8: Any, caplog: pytest.LogCaptureFixture, colour: Any) -> None:
    for precision, model in (("fp32", small_network()), ("fp16", small_network()), ("int8", int8)):
        assert len(build(model, precision, replace(SPEC, colour=colour))) > 10_000
    assert "takes no uint8 pictures" not in caplog.text


def test_the_qdq_graph_builds(int8: Any) -> None:
    assert len(build(int8, "int8")) > 10_000


def test_a_centred_graph_builds() -> None:
    model = plain(small_network())
    amax = ranges_of(model, pictures_like(np.random.default_rng(1)))
    centres = {name: amax[name] / 2 for name in centrable(model)}
    assert centres
    assert len(build(quantised(centred(model, centres), amax | centres), "int8")) > 10_000


def test_progress_is_reported_by_the_real_builder() -> None:
    seen: list[str] = []
    options = BuildOptions(precision="fp32", compute_capability="SM86")
    build_serialized(trt, small_network(), SPEC, (32, 48), options, step=lambda phase, share: seen.append(phase))
    assert seen


def test_an_asymmetric_zero_point_is_refused_in_our_words(int8: Any) -> None:
    bad = onnx.ModelProto.FromString(int8.SerializeToString())
    for item in bad.graph.initializer:
        if item.name == "stem_relu_zero":
            item.CopyFrom(numpy_helper.from_array(np.array(5, np.int8), item.name))
    with pytest.raises(ModelError, match=r"TensorRT \S+ cannot read model 'small' at (Quantize|Dequantize)Linear"):
        build(bad, "int8")


def test_an_int32_bias_is_refused_in_our_words(int8: Any) -> None:
    bad = onnx.ModelProto.FromString(int8.SerializeToString())
    conv = next(node for node in bad.graph.node if node.op_type == "Conv")
    n = 16
    for name, array in (
        ("bias_q", np.arange(n, dtype=np.int32)),
        ("bias_s", np.full(n, 1e-3, np.float32)),
        ("bias_z", np.zeros(n, np.int32)),
    ):
        bad.graph.initializer.append(numpy_helper.from_array(array, name))
    bad.graph.node.insert(0, helper.make_node("DequantizeLinear", ["bias_q", "bias_s", "bias_z"], ["bias_dq"], axis=0))
    conv = next(node for node in bad.graph.node if node.op_type == "Conv")
    conv.input[2] = "bias_dq"
    with pytest.raises(ModelError, match="cannot read model 'small'"):
        build(bad, "int8")


def test_an_unknown_operator_is_refused_in_our_words() -> None:
    model = small_network()
    model.graph.node[2].op_type = "NotAnOperator"
    with pytest.raises(ModelError, match="cannot read model 'small' at"):
        build(model, "fp32")


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("which", ["shipped", "development"])
def test_the_whole_networks_build(which: str, precision: str, request: pytest.FixtureRequest) -> None:
    if which == "shipped":
        path = shipped_model()
    else:
        path = Path(request.getfixturevalue("shared")) / "models" / "human-pose-estimation-0001.fp32.onnx"
    model, spec = load_plain(path), load_spec(path)
    if precision == "int8":  # the pattern is what matters here, so any range will do
        model = quantised(model, dict.fromkeys(tensors_to_measure(model), 4.0), behind_concat(model))
    assert len(build(model, precision, spec, (224, 320))) > 1_000_000


@pytest.mark.slow
def test_the_shipped_int8_file_builds() -> None:
    path = shipped_model("edgepose-lite.int8")
    assert len(build(read_model(path), "int8", load_spec(path), (224, 320))) > 1_000_000
