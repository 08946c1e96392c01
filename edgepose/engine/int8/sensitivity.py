"""Which layers to keep in floating point: quantise each one alone and look at what the network's outputs lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.graph import convolutions, copied, initialisers
from edgepose.engine.int8.pictures import Picture, Progress
from edgepose.engine.int8.probe import Probe, tensors
from edgepose.engine.int8.quantise import layer_name, quantised
from edgepose.model import ModelSpec

N_PICTURES = 6
"""The order of layers settles after a handful; the gate judges the result on all held-out pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is known before the layers are tried: the float network, the same with every bias corrected, the range of
    each tensor, and the rounded weights.
    """

    model: Any
    corrected: Any
    amax: Mapping[str, float]
    weights: Mapping[str, NDArray[np.int8]]


def output_errors(
    trial: Trial,
    layers: Sequence[str],
    pictures: Sequence[Picture],
    spec: ModelSpec,
    input_hw: tuple[int, int],
    progress: Progress,
) -> dict[str, float]:
    """Relative error of the worse output when only that layer is int8, for each layer in `layers`."""
    outputs = list(dict.fromkeys([spec.heatmaps.name, spec.pafs.name]))
    inputs = list(tensors([picture.path for picture in pictures[:N_PICTURES]], spec, input_hw))
    exact = _run(Probe(trial.model, spec, outputs), inputs)
    names = [layer_name(conv) for conv in convolutions(trial.model)]
    errors = {}
    for layer in progress(layers, len(layers), "layers tried"):
        others = [name for name in names if name != layer]
        alone = quantised(_with_bias_of(layer, trial), trial.amax, others, trial.weights)
        found = _run(Probe(alone, spec, outputs), inputs)
        errors[layer] = max(relative_error(a, b) for a, b in zip(exact, found, strict=True))
    return errors


def relative_error(exact: NDArray[Any], found: NDArray[Any]) -> float:
    """Root of the squared error over the squared signal."""
    return float(np.linalg.norm(exact - found) / max(float(np.linalg.norm(exact)), 1e-12))


VALUE_COST = 64
"""Multiplications that take as long as writing one value in float: depthwise layers are cheap to compute, not to
move."""


def layer_costs(model: Any, positions: Mapping[str, int]) -> dict[str, int]:
    """What each convolution costs in floating point, in multiplications. positions: cells of its output map."""
    stored = initialisers(model)
    costs = {}
    for conv in convolutions(model):
        weights = stored[conv.input[1]]
        costs[layer_name(conv)] = (weights.size + VALUE_COST * len(weights)) * positions[layer_name(conv)]
    return costs


def worth_keeping(errors: Mapping[str, float], cost: Mapping[str, int], budget: float) -> list[str]:
    """Layers to leave in floating point: the most squared error saved per cost first, within the budget.

    budget: share of the whole cost. A layer that adds less than one percent of the squared error that is left is
    not worth the conversions around it.
    """
    squared = {layer: error**2 for layer, error in errors.items()}
    left = budget * sum(cost.values())
    chosen: set[str] = set()
    while True:
        remaining = sum(value for layer, value in squared.items() if layer not in chosen)
        worth = [
            layer
            for layer, value in squared.items()
            if layer not in chosen and cost[layer] <= left and value >= 0.01 * remaining > 0
        ]
        if not worth:
            return [layer for layer in errors if layer in chosen]
        best = max(worth, key=lambda layer: squared[layer] / cost[layer])
        chosen.add(best)
        left -= cost[best]


def _with_bias_of(layer: str, trial: Trial) -> Any:
    """The float network with the corrected bias in one layer."""
    result = copied(trial.model)
    source = next(conv for conv in convolutions(trial.corrected) if layer_name(conv) == layer)
    target = next(conv for conv in convolutions(result) if layer_name(conv) == layer)
    if list(source.input) != list(target.input):
        result.graph.initializer.extend(i for i in trial.corrected.graph.initializer if i.name == source.input[2])
        del target.input[2:]
        target.input.append(source.input[2])
    return result


def _run(probe: Probe, inputs: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    runs = [probe(tensor) for tensor in inputs]
    return [np.concatenate([run[name].ravel() for run in runs]) for name in probe.names]
