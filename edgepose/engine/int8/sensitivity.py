"""Which layers to keep in floating point: quantise each one alone and look at what the network's outputs lose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.probe import Probe
from edgepose.engine.int8.quantise import layer_name, quantised, skip_branches
from edgepose.engine.onnx.edit import copied
from edgepose.engine.onnx.queries import convolutions, initialisers
from edgepose.engine.onnx.tail import tail
from edgepose.errors import ModelError

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
    samples: CalibrationSet,
    progress: Progress,
) -> dict[str, float]:
    """Relative error of the worse output when only that layer is int8, for each layer in `layers`."""
    spec = samples.spec
    outputs = list(dict.fromkeys([spec.heatmaps.name, spec.pafs.name]))
    cut: Callable[[Any], Any] = tail
    try:
        read = [name for layer in layers for name in _read_behind(trial.model, layer)]
        probe = Probe(trial.model, spec, list(dict.fromkeys([*outputs, *read])))
    except ModelError:  # a graph that computes sizes has integers in between, which no probe reads: run it whole
        cut = copied
        probe = Probe(trial.model, spec, [*outputs, spec.input_name])
    exact = [probe(tensor) for tensor in samples.first(N_PICTURES).tensors()]
    names = [layer_name(conv) for conv in convolutions(trial.model)]
    errors = {}
    for layer in progress(layers, len(layers), "layers tried"):
        others = [name for name in names if name != layer]
        alone = cut(quantised(_with_bias_of(layer, trial), trial.amax, others, trial.weights))
        feeds = [item.name for item in alone.graph.input]
        probe = Probe(alone, spec, [item.name for item in alone.graph.output])
        found = [probe.run({name: values[name] for name in feeds}) for values in exact]
        errors[layer] = max(relative_error(_joined(exact, name), _joined(found, name)) for name in probe.names)
    return errors


def _read_behind(model: Any, layer: str) -> list[str]:
    """What `tail` will have as inputs when only this layer of the float network is quantised, or more."""
    conv = next(conv for conv in convolutions(model) if layer_name(conv) == layer)
    changed = {layer, *(add for add, skip in skip_branches(model).items() if skip == conv.input[0])}
    read, made = {conv.input[0]: None}, set(initialisers(model))
    for node in model.graph.node:
        if changed.intersection([*node.input, *node.output]):
            changed.update(node.output)
            made.update(node.output)
            read.update(dict.fromkeys(name for name in node.input if name))
    return [name for name in read if name not in made]


def _joined(runs: Sequence[Mapping[str, NDArray[np.float32]]], name: str) -> NDArray[np.float32]:
    """One output of all pictures, in a row."""
    return np.concatenate([run[name].ravel() for run in runs])


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
