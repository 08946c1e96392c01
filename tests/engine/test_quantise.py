"""The form of the INT8 graph, read back from the written model, and what it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from small_network import pictures_like, ranges_of, run, small_network

from edgepose.engine.int8.quantise import (
    behind_concat,
    first_layers,
    head_layers,
    quantised,
    skip_branches,
)
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import initialisers
from edgepose.errors import ModelError


def makers(model: Any) -> dict[str, Any]:
    return {name: node for node in model.graph.node for name in node.output}


def test_the_graph_is_valid_and_old_enough_for_tensorrt_8(int8: Any) -> None:
    onnx.checker.check_model(int8, full_check=True)
    assert int8.opset_import[0].version <= 17
    assert int8.ir_version <= 8


def test_every_convolution_reads_int8_activations_and_weights_and_a_float_bias(int8: Any) -> None:
    made, stored = makers(int8), initialisers(int8)
    for conv in (node for node in int8.graph.node if node.op_type == "Conv"):
        assert [made[name].op_type for name in conv.input[:2]] == ["DequantizeLinear", "DequantizeLinear"]
        assert stored[made[conv.input[1]].input[0]].dtype == np.int8
        assert stored[conv.input[2]].dtype == np.float32


def test_zero_points_are_zero_and_weight_scales_per_channel(int8: Any) -> None:
    stored = initialisers(int8)
    for node in int8.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            zero = stored[node.input[2]]
            assert zero.dtype == np.int8
            assert not zero.any()
            if node.input[0] in stored:
                assert stored[node.input[1]].shape == (len(stored[node.input[0]]),)
            else:
                assert stored[node.input[1]].shape == ()


def test_nothing_stands_between_a_convolution_and_its_relu(model: Any, int8: Any) -> None:
    made = makers(int8)
    relus = [node for node in int8.graph.node if node.op_type == "Relu"]
    assert len(relus) == sum(node.op_type == "Relu" for node in model.graph.node)
    for relu in relus:
        assert made[relu.input[0]].op_type in ("Conv", "Add")


def test_only_the_skip_branch_of_the_add_is_quantised(int8: Any) -> None:
    made = makers(int8)
    (add,) = [node for node in int8.graph.node if node.op_type == "Add"]
    assert [made[name].op_type for name in add.input] == ["Relu", "DequantizeLinear"]
    assert made[made[add.input[1]].input[0]].input[0] == "down_relu"


def test_int8_stays_close_to_float(model: Any, int8: Any) -> None:
    tensor = pictures_like(np.random.default_rng(1))
    for exact, found in zip(run(model, tensor), run(int8, tensor), strict=True):
        assert np.linalg.norm(exact - found) < 0.05 * np.linalg.norm(exact)


def test_weights_are_stored_as_int8_only(model: Any, int8: Any) -> None:
    floats = sum(a.nbytes for a in initialisers(int8).values() if a.dtype == np.float32)
    assert floats < 0.15 * sum(a.nbytes for a in initialisers(model).values())


def test_layers_can_be_left_in_float(model: Any) -> None:
    amax = ranges_of(model, pictures_like(np.random.default_rng(1)))
    kept = quantised(model, amax, keep=["stem", *head_layers(model)])
    stored = initialisers(kept)
    in_float = [node.output[0] for node in kept.graph.node if node.op_type == "Conv" and node.input[1] in stored]
    assert in_float == ["stem", "heatmaps", "pafs"]
    assert kept.graph.node[0].op_type == "DequantizeLinear"


def test_first_head_and_skip_are_found(model: Any) -> None:
    assert first_layers(model) == ["stem"]
    assert head_layers(model) == ["heatmaps", "pafs"]
    assert skip_branches(model) == {"joined": "down_relu"}
    assert behind_concat(model) == []


def test_an_unknown_layer_and_a_missing_range_are_told(model: Any) -> None:
    with pytest.raises(ModelError, match="no layer 'stam'"):
        quantised(model, {}, keep=["stam"])
    with pytest.raises(ModelError, match="no range was measured for tensor 'input'"):
        quantised(model, {})


def test_names_that_an_exporter_took_are_left_to_it() -> None:
    """A network that has `input_scale` or `trunk_w_int8` of its own computes with its own values in INT8 too."""
    taken = plain(small_network())
    for name, value in (("input_scale", 3.0), ("trunk_w_scale", 2.0)):
        taken.graph.initializer.append(onnx.numpy_helper.from_array(np.array(value, np.float32), name))
    stem = next(node for node in taken.graph.node if node.output[0] == "stem_relu")
    stem.input[0] = "louder"
    taken.graph.node.insert(1, onnx.helper.make_node("Mul", ["stem", "input_scale"], ["louder"]))
    for k, name in enumerate(["input_dq", "trunk_relu_q"]):  # unread, but there
        taken.graph.node.append(onnx.helper.make_node("Mul", ["heatmaps", "trunk_w_scale"], [name], name=f"own{k}"))
    tensor = pictures_like(np.random.default_rng(1))
    int8 = quantised(taken, ranges_of(taken, tensor))
    onnx.checker.check_model(int8, full_check=True)
    for exact, found in zip(run(taken, tensor), run(int8, tensor), strict=True):
        assert np.linalg.norm(exact - found) < 0.05 * np.linalg.norm(exact)


def test_given_integers_are_used_as_they_are(model: Any) -> None:
    amax = ranges_of(model, pictures_like(np.random.default_rng(1)))
    shape = initialisers(model)["trunk_w"].shape
    mine = np.full(shape, 3, np.int8)
    found = initialisers(quantised(model, amax, weights={"trunk_w": mine}))["trunk_w_int8"]
    np.testing.assert_array_equal(found, mine)


def test_a_convolution_behind_a_concat_is_recognised() -> None:
    model = plain(small_network())
    trunk = next(node for node in model.graph.node if node.output[0] == "trunk")
    model.graph.node.insert(0, onnx.helper.make_node("Concat", ["joined"], ["joined_all"], axis=1))
    trunk.input[0] = "joined_all"
    assert behind_concat(model) == ["trunk"]
