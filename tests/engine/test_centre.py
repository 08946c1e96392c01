"""Centring changes no result, and lets int8 use both of its halves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_network import SPEC, pictures_like, ranges_of, run, small_network

from edgepose.engine.int8.centre import centrable, centred
from edgepose.engine.int8.probe import Probe
from edgepose.engine.int8.quantise import quantised
from edgepose.engine.onnx.plain import plain

TENSORS = ["depthwise_relu", "trunk_relu"]


@pytest.fixture(scope="module")
def model() -> Any:
    return plain(small_network())


@pytest.fixture(scope="module")
def picture() -> Any:
    return pictures_like(np.random.default_rng(1))


@pytest.fixture(scope="module")
def centres(model: Any, picture: Any) -> dict[str, float]:
    amax = ranges_of(model, picture)
    return {name: amax[name] / 2 for name in TENSORS}


def test_only_what_unpadded_convolutions_read_is_centred(model: Any) -> None:
    assert centrable(model) == TENSORS


@pytest.mark.parametrize("words", [{}, {"separate_bias": False}], ids=["bias as an Add", "bias inside"])
def test_no_result_changes(words: dict[str, Any], centres: dict[str, float], picture: Any) -> None:
    model = plain(small_network(**words))
    moved = centred(model, centres)
    assert sum(node.op_type == "Clip" for node in moved.graph.node) == 2
    for before, after in zip(run(model, picture), run(moved, picture), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)


def test_values_fill_the_range_on_both_sides(model: Any, centres: dict[str, float], picture: Any) -> None:
    seen = Probe(centred(model, centres), SPEC, TENSORS)(picture[0])
    for name in TENSORS:
        assert seen[name].min() == pytest.approx(-centres[name], rel=1e-5)
        assert seen[name].max() == pytest.approx(centres[name], rel=1e-5)


def test_int8_comes_closer_once_the_bias_is_corrected(model: Any, centres: dict[str, float], picture: Any) -> None:
    amax = ranges_of(model, picture)
    before_heads = ["stem", "depthwise", "pointwise", "down", "branch", "trunk"]

    def error(network: Any, ranges: dict[str, float]) -> float:
        int8 = run(quantised(network, ranges, before_heads), picture)
        errors = [a - b for a, b in zip(run(model, picture), int8, strict=True)]
        return float(sum(np.linalg.norm(one - one.mean((0, 2, 3), keepdims=True)) for one in errors))

    assert error(centred(model, centres), amax | centres) < 0.9 * error(model, amax)


def test_it_can_be_done_twice_and_to_nothing(model: Any, picture: Any) -> None:
    assert centred(model, {}) == model
    once = centred(model, {"trunk_relu": 0.5})
    assert centrable(once) == ["depthwise_relu"]
    twice = centred(once, {"depthwise_relu": 0.5})
    for before, after in zip(run(model, picture), run(twice, picture), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)
