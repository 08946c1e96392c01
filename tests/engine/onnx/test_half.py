"""The FP16 copy of a graph: what stays float32, and how close its results are."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper
from small_network import pictures_like, run, small_network
from test_quantise import ranges_of

from edgepose.engine.int8.quantise import quantised
from edgepose.engine.onnx.half import halved
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import initialisers
from edgepose.engine.onnx.small_scales import SMALLEST_NORMAL


def test_inputs_and_outputs_stay_float32_and_results_close() -> None:
    model = small_network()
    half = halved(model)
    onnx.checker.check_model(half, full_check=True)
    ends = [*half.graph.input, *half.graph.output]
    assert {item.type.tensor_type.elem_type for item in ends} == {onnx.TensorProto.FLOAT}
    assert {a.dtype for a in initialisers(half).values()} == {np.dtype(np.float16)}
    tensor = pictures_like(np.random.default_rng(0))
    for exact, found in zip(run(model, tensor), run(half, tensor), strict=True):
        np.testing.assert_allclose(found, exact, atol=2e-2)


def test_int8_stays_int8_with_fp16_scales() -> None:
    model = plain(small_network())
    int8 = quantised(model, ranges_of(model, pictures_like(np.random.default_rng(0))))
    half = halved(int8)
    onnx.checker.check_model(half, full_check=True)
    assert {a.dtype for a in initialisers(half).values()} == {np.dtype(np.float16), np.dtype(np.int8)}
    tensor = pictures_like(np.random.default_rng(0))
    for before, after in zip(run(int8, tensor), run(half, tensor), strict=True):
        assert np.linalg.norm(before - after) < 0.05 * np.linalg.norm(before)


def test_a_scale_too_small_for_fp16_is_raised_and_its_weights_rescaled() -> None:
    model = plain(small_network())
    for item in model.graph.initializer:
        if item.name == "trunk_w":
            weights = numpy_helper.to_array(item).copy()
            weights[0] *= 1e-7
            item.CopyFrom(numpy_helper.from_array(weights, item.name))
    int8 = quantised(model, ranges_of(model, pictures_like(np.random.default_rng(0))))
    stored = initialisers(halved(int8))
    assert stored["trunk_w_scale"].min() >= SMALLEST_NORMAL
    assert not stored["trunk_w_int8"][0].any()
    assert stored["trunk_w_int8"][1].any()
