"""From FP32 to INT8 in memory: equalise, measure, choose ranges, correct, and leave the worst layers in float."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.centre import centrable, centred
from edgepose.engine.int8.collect import collect
from edgepose.engine.int8.equalise import channel_maxima, equalised
from edgepose.engine.int8.histogram import Histogram
from edgepose.engine.int8.options import QuantiseOptions
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.probe import Probe
from edgepose.engine.int8.quantise import (
    behind_concat,
    first_layers,
    head_layers,
    layer_name,
    quantised,
    tensors_to_measure,
)
from edgepose.engine.int8.ranges import BOTH_SIDES, choose_amax
from edgepose.engine.int8.rounding import rounded_weights
from edgepose.engine.int8.sensitivity import Trial, layer_costs, output_errors, worth_keeping
from edgepose.engine.int8.twin import bias_corrected, layer_errors
from edgepose.engine.onnx.queries import convolutions

N_CHANNEL_PICTURES = 100
N_ERROR_PICTURES = 30


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """An INT8 model and all that was learnt on the way.

    model: with Q/DQ. float_model: the same function without, equalised and centred; the calibration cache belongs to
    it. amax: range per tensor. histograms: per tensor, before centring. ends: where int8 ends on them.
    layer_errors: relative error of each int8 layer by itself. output_errors: relative error of the outputs when only
    that layer is int8. kept: layers left in floating point.
    """

    model: Any
    float_model: Any
    amax: dict[str, float]
    histograms: dict[str, Histogram]
    ends: dict[str, float]
    layer_errors: dict[str, float]
    output_errors: dict[str, float]
    costs: dict[str, int]
    kept: tuple[str, ...]


def prepare(
    plain: Any,
    samples: CalibrationSet,
    with_people: CalibrationSet,
    options: QuantiseOptions,
    checkpoint: Path,
    progress: Progress,
) -> Prepared:
    """Quantise a network in plain form with what it does on `samples`; `with_people` are those that show somebody."""
    model = plain
    if options.equalise:
        some = samples.spread(N_CHANNEL_PICTURES)
        model = equalised(plain, channel_maxima(plain, some, progress))
    names = list(dict.fromkeys([*tensors_to_measure(model), samples.spec.input_name]))
    histograms = collect(model, names, samples, checkpoint, progress)
    amax = {name: choose_amax(item, options.algorithm, options.percentile) for name, item in histograms.items()}
    costs = layer_costs(model, _positions(model, samples.first(1)))
    kept = _asked_for(model, options)
    layers = [name for name in costs if name not in kept]
    some = samples.spread(N_ERROR_PICTURES)
    weights: dict[str, NDArray[np.int8]] = {}
    if options.compensate_rounding:
        weights = rounded_weights(model, layers, some, progress, about_mean=options.correct_bias)
    ends = dict(amax)
    if options.centre:
        tops = {
            name: choose_amax(histograms[name], options.algorithm, options.percentile, BOTH_SIDES)
            for name in centrable(model)
        }
        ends |= tops
        centres = {name: top / 2 for name, top in tops.items()}
        amax |= centres
        model = centred(model, centres)
    by_layer, means = layer_errors(model, quantised(model, amax, kept, weights), some, progress)
    if not options.correct_bias:
        means = {}
    by_output: dict[str, float] = {}
    if options.float_budget > 0 and layers:
        trial = Trial(model, bias_corrected(model, means), amax, weights)
        by_output = output_errors(trial, layers, with_people, progress)
        kept += worth_keeping(by_output, {name: costs[name] for name in layers}, options.float_budget)
    final = bias_corrected(model, {name: mean for name, mean in means.items() if name not in kept})
    return Prepared(
        model=quantised(final, amax, kept, weights),
        float_model=model,
        amax=amax,
        histograms=histograms,
        ends=ends,
        layer_errors=by_layer,
        output_errors=by_output,
        costs=costs,
        kept=tuple(kept),
    )


def _asked_for(model: Any, options: QuantiseOptions) -> list[str]:
    kept = [*options.keep, *behind_concat(model)]
    if not options.first_layer:
        kept += first_layers(model)
    if not options.head_layers:
        kept += head_layers(model)
    return list(dict.fromkeys(kept))


def _positions(model: Any, one: CalibrationSet) -> dict[str, int]:
    """Cells of each convolution's output map."""
    names = [layer_name(conv) for conv in convolutions(model)]
    (tensor,) = one.tensors()
    return {name: int(np.prod(values.shape[2:])) for name, values in Probe(model, one.spec, names)(tensor).items()}
