"""Runs every quantised layer beside its float original, both fed with the same float tensor.

One pass tells how much each layer loses by itself, and the mean error per output channel, which is then taken out of
the bias: rounding errors of many inputs add up to a constant that later layers would carry on (bias correction,
Nagel et al., ICCV 2019, section 4.2, measured on pictures).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.probe import Probe
from edgepose.engine.int8.quantise import layer_name
from edgepose.engine.onnx.bias import add_bias
from edgepose.engine.onnx.edit import copied
from edgepose.engine.onnx.names import Names
from edgepose.engine.onnx.queries import convolutions


def twin_graph(model: Any, quantised: Any) -> tuple[Any, dict[str, str]]:
    """The float graph with an int8 copy of each quantised layer hanging beside it; layer name -> the copy's output."""
    twin = copied(model)
    there = {item.name for item in twin.graph.initializer}
    twin.graph.initializer.extend(item for item in quantised.graph.initializer if item.name not in there)
    made = {name for node in model.graph.node for name in node.output}
    maker = {name: node for node in quantised.graph.node for name in node.output}
    names, layers = Names(quantised), {}
    for node in quantised.graph.node:
        if node.op_type != "Conv" or maker.get(node.input[1]) is None:
            continue
        for name in node.input[:2]:
            for before in _chain(maker, name):
                if before.output[0] not in made:
                    made.add(before.output[0])
                    twin.graph.node.append(before)
        copy = copied(node)
        copy.name = copy.output[0] = names.free(f"{node.output[0]}_twin")
        twin.graph.node.append(copy)
        layers[layer_name(node)] = copy.output[0]
    return twin, layers


def _chain(maker: Mapping[str, Any], name: str) -> list[Any]:
    """The Q and DQ nodes that lead to a dequantised tensor."""
    dequantise = maker[name]
    quantise = maker.get(dequantise.input[0])
    return [dequantise] if quantise is None else [quantise, dequantise]


def layer_errors(
    model: Any,
    quantised: Any,
    samples: CalibrationSet,
    progress: Progress,
) -> tuple[dict[str, float], dict[str, NDArray[np.float32]]]:
    """Per quantised layer: relative error (root of squared error over squared signal) and mean error (C,) float32.

    The mean error is float minus int8: what has to be added to the bias.
    """
    twin, layers = twin_graph(model, quantised)
    probe = Probe(twin, samples.spec, [*layers, *layers.values()])
    squared = dict.fromkeys(layers, 0.0)
    signal = dict.fromkeys(layers, 0.0)
    means: dict[str, NDArray[Any]] = dict.fromkeys(layers, np.zeros(1))
    for tensor in progress(samples.tensors(), len(samples), "pictures for layer errors"):
        values = probe(tensor)
        for name, copy in layers.items():
            exact = values[name][0]
            difference = exact - values[copy][0]
            squared[name] += float(np.vdot(difference, difference))
            signal[name] += float(np.vdot(exact, exact))
            means[name] = means[name] + difference.mean((1, 2)) / len(samples)
    relative = {name: float(np.sqrt(squared[name] / max(signal[name], 1e-12))) for name in layers}
    return relative, {name: mean.astype(np.float32) for name, mean in means.items()}


def bias_corrected(model: Any, means: Mapping[str, NDArray[np.float32]]) -> Any:
    """A copy of the model with `means` (C,) added to the bias of the layers they are given for."""
    model = copied(model)
    for conv in convolutions(model):
        if layer_name(conv) in means:
            add_bias(model, conv, means[layer_name(conv)])
    return model
