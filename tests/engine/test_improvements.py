"""Equalising, compensated rounding, bias correction and the choice of float layers, each against plain INT8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from onnx import helper
from small_network import SPEC, pictures_like, run, small_network
from test_quantise import ranges_of

from edgepose.engine.int8.calibration_set import CalibrationSet, fitted_once
from edgepose.engine.int8.equalise import channel_maxima, equalised, links
from edgepose.engine.int8.probe import Probe
from edgepose.engine.int8.quantise import layer_name, quantised, weight_scales
from edgepose.engine.int8.rounding import Window, compensated, rounded_weights, sampled_inputs
from edgepose.engine.int8.sensitivity import Trial, output_errors, relative_error, worth_keeping
from edgepose.engine.int8.twin import bias_corrected, layer_errors, twin_graph
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import convolutions, initialisers


def silent(things: Any, n: int, what: str) -> Any:
    return things


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalibrationSet]:
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(5)
    made = []
    for k in range(4):
        small = random.integers(0, 255, (6, 8, 3), np.uint8)
        path = folder / f"{k}.png"
        cv2.imwrite(str(path), cv2.resize(small, (96, 64), interpolation=cv2.INTER_CUBIC))
        made.append(path)
    with fitted_once(made, folder, SPEC, SPEC.input_hw) as fitted:
        yield fitted


@pytest.fixture(scope="module")
def model() -> Any:
    """The small network with channels that differ a hundredfold."""
    made = plain(small_network())
    from onnx import numpy_helper

    spread = np.geomspace(0.05, 5.0, 16).astype(np.float32)
    for item in made.graph.initializer:
        if item.name == "stem_w":
            item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item) * spread[:, None, None, None], item.name))
    return made


def test_channels_may_be_scaled_between_convolutions_but_not_into_an_add(model: Any) -> None:
    assert [tensor for _, tensor, _ in links(model)] == ["stem_relu", "depthwise_relu", "pointwise_relu", "trunk_relu"]


def test_equalising_changes_no_result_and_evens_the_channels(model: Any, samples: CalibrationSet) -> None:
    maxima = channel_maxima(model, samples, silent)
    even = equalised(model, maxima)
    tensor = pictures_like(np.random.default_rng(0))
    for before, after in zip(run(model, tensor), run(even, tensor), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-4)
    after = channel_maxima(even, samples, silent)["stem_relu"]
    before = maxima["stem_relu"]
    assert after.max() / np.median(after) < 0.2 * before.max() / np.median(before)


def test_a_channel_that_was_quiet_is_left_as_it_is(model: Any, samples: CalibrationSet) -> None:
    maxima = channel_maxima(model, samples, silent)
    maxima["stem_relu"][3] = 0.0
    before, after = initialisers(model)["stem_w"], initialisers(equalised(model, maxima))["stem_w"]
    np.testing.assert_allclose(after[3], before[3])
    ratio = np.abs(after / before).reshape(16, -1).max(1)
    assert ratio.min() >= 1 / 64.01
    assert ratio.max() <= 64.01


def test_compensated_rounding_beats_rounding_to_nearest_where_inputs_are_alike() -> None:
    random = np.random.default_rng(0)
    shared = random.standard_normal((1, 400))
    inputs = np.repeat(shared, 16, 0) + 0.2 * random.standard_normal((16, 400))
    weights = random.standard_normal((1, 8, 16))
    scales = np.abs(weights).max(2) / 10  # few steps, so that rounding hurts
    moments = (inputs @ inputs.T)[None]
    nearest = np.rint(weights / scales[..., None])
    ours = compensated(weights, scales, moments)

    def loss(steps: np.ndarray) -> float:
        return float(np.linalg.norm((steps * scales[..., None] - weights)[0] @ inputs))

    assert loss(ours) < 0.7 * loss(nearest)


def test_sampled_inputs_are_what_the_convolution_multiplies() -> None:
    values = np.random.default_rng(0).standard_normal((4, 9, 11)).astype(np.float32)
    window = Window(kernel=(3, 3), strides=(2, 2), dilations=(1, 1), pads=(1, 1, 1, 1), groups=1)
    seen = sampled_inputs(values, window, np.random.default_rng(1))
    assert seen.shape == (1, 36, 160)
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
    possible = {
        tuple(padded[:, r : r + 3, c : c + 3].reshape(-1).round(4)) for r in range(0, 9, 2) for c in range(0, 11, 2)
    }
    assert {tuple(column.round(4)) for column in seen[0].T.astype(np.float32)} <= possible


def test_rounded_weights_keep_shape_and_scale(model: Any, samples: CalibrationSet) -> None:
    found = rounded_weights(model, ["depthwise", "down"], samples, silent)
    stored = initialisers(model)
    assert set(found) == {"depthwise_w", "down_w"}
    for name, steps in found.items():
        error = np.abs(steps * weight_scales(stored[name])[:, None, None, None] - stored[name])
        assert steps.shape == stored[name].shape
        assert np.median(error / weight_scales(stored[name])[:, None, None, None]) < 1.0


def test_rounding_about_the_mean_leaves_constants_to_the_bias(model: Any, samples: CalibrationSet) -> None:
    """What is left of the error once its mean is taken out is smaller where only deviations were compensated."""
    exact = initialisers(model)["pointwise_w"]
    probe = Probe(model, SPEC, ["depthwise_relu"])
    inputs = samples.tensors()
    seen = np.concatenate([probe(tensor)["depthwise_relu"][0].reshape(16, -1) for tensor in inputs], 1)

    def left(about_mean: bool) -> float:
        steps = rounded_weights(model, ["pointwise"], samples, silent, about_mean=about_mean)["pointwise_w"]
        error = (steps * weight_scales(exact)[:, None, None, None] - exact)[:, :, 0, 0] @ seen
        return float(np.linalg.norm(error - error.mean(1, keepdims=True)))

    assert left(True) < left(False)


def test_the_twin_tells_error_and_bias_of_each_layer(model: Any, samples: CalibrationSet) -> None:
    from test_quantise import ranges_of

    from edgepose.engine.int8.quantise import quantised

    amax = ranges_of(model, pictures_like(np.random.default_rng(1)))
    int8 = quantised(model, amax, keep=["stem"])
    graph, layers = twin_graph(model, int8)
    assert "stem" not in layers
    assert len(graph.graph.node) > len(model.graph.node)
    relative, means = layer_errors(model, int8, samples, silent)
    assert 0 < relative["down"] < 0.2
    assert means["down"].shape == (24,)
    corrected = quantised(bias_corrected(model, means), amax, keep=["stem"])
    _, after = layer_errors(model, corrected, samples, silent)
    assert np.abs(after["down"]).max() < 0.05 * np.abs(means["down"]).max()


def test_layers_worth_keeping_are_the_bad_and_cheap_ones() -> None:
    errors = {"early": 0.10, "dear": 0.11, "fine": 0.001, "late": 0.05}
    cost = {"early": 4, "dear": 60, "fine": 1, "late": 5}
    assert worth_keeping(errors, cost, budget=0.15) == ["early", "late"]
    assert worth_keeping(errors, cost, budget=0.0) == []


def with_computed_size(model: Any) -> Any:
    """The same function, with a Reshape behind the Add whose sizes come from a Shape in front of it."""
    made = plain(model)
    add = next(node for node in made.graph.node if node.op_type == "Add")
    wanted = add.output[0]
    add.output[0] = f"{wanted}_before"
    place = list(made.graph.node).index(add)
    made.graph.node.insert(0, helper.make_node("Shape", ["down_relu"], ["size"], name="size"))
    made.graph.node.insert(place + 2, helper.make_node("Reshape", [add.output[0], "size"], [wanted], name="same"))
    shape = made.graph.node.pop(0)
    made.graph.node.insert(next(k for k, n in enumerate(made.graph.node) if "down_relu" in n.output) + 1, shape)
    return made


@pytest.mark.parametrize("change", [plain, with_computed_size], ids=["plain", "computed sizes"])
def test_a_layer_is_tried_with_the_errors_of_the_whole_network(
    model: Any, samples: CalibrationSet, change: Any
) -> None:
    model = change(model)
    amax = ranges_of(model, pictures_like(np.random.default_rng(0)))
    layers = [layer_name(conv) for conv in convolutions(model)]
    found = output_errors(Trial(model, model, amax, {}), layers, samples, silent)
    inputs = [tensor[None] for tensor in samples.tensors()]
    exact = [run(model, tensor) for tensor in inputs]
    for layer in layers:
        alone = quantised(model, amax, [name for name in layers if name != layer])
        whole = [run(alone, tensor) for tensor in inputs]
        pairs = zip(zip(*exact, strict=True), zip(*whole, strict=True), strict=True)
        worse = max(relative_error(np.concatenate(a), np.concatenate(b)) for a, b in pairs)
        assert found[layer] == pytest.approx(worse, rel=1e-3)
