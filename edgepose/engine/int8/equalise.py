"""Evens out channels across layers before quantising, so that one scale per tensor serves all of them.

Between two convolutions with at most a ReLU in between, channel c may be divided by s_c on the way out and multiplied
by s_c on the way in without changing a result, since ReLU(x / s) = ReLU(x) / s for s > 0. Networks with depthwise
convolutions need this: their channels differ a hundredfold, and int8 would give the small ones two or three steps.
M. Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019, section 4.1;
here with measured activations in place of weights, as in G. Xiao et al., "SmoothQuant", ICML 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.probe import Probe
from edgepose.engine.onnx.bias import bias_of
from edgepose.engine.onnx.edit import copied, set_initialisers, store
from edgepose.engine.onnx.queries import consumers, convolutions, initialisers
from edgepose.engine.onnx.unshare import unshare

ALPHA = 0.5
"""Share of a channel's imbalance that goes into the weights, where rounding can be compensated; measured in
docs/explanation/int8.md."""
N_ROUNDS = 2
MAX_STEP = 8.0
"""Bound on one channel's factor per round: a channel that was quiet on a hundred pictures may be loud on another, and
must not be blown up a thousandfold."""
DEAD = 1e-3
"""A channel below this share of the largest one tells nothing about its size, and is left as it is."""

Floats = NDArray[np.float64]


def links(model: Any) -> list[tuple[Any, str, list[Any]]]:
    """(convolution, tensor behind its ReLU if any, convolutions that read it) wherever channels may be scaled."""
    stored, readers = initialisers(model), consumers(model)
    outputs = {item.name for item in model.graph.output}
    found = []
    for conv in convolutions(model):
        tensor = conv.output[0]
        after = readers[tensor]
        if tensor not in outputs and len(after) == 1 and after[0].op_type == "Relu":
            tensor = after[0].output[0]
            after = readers[tensor]
        n = len(stored[conv.input[1]])
        if bias_of(conv, stored, n) is None:
            continue  # computed, not stored: nothing to scale
        if tensor in outputs or not after or not all(_scalable(node, stored, n) for node in after):
            continue
        found.append((conv, tensor, after))
    return found


def channel_maxima(
    model: Any,
    samples: CalibrationSet,
    progress: Progress,
) -> dict[str, Floats]:
    """Largest |value| of every channel, (C,), for each tensor that `links` names."""
    names = [tensor for _, tensor, _ in links(model)]
    if not names:
        return {}
    probe = Probe(model, samples.spec, names)
    maxima: dict[str, Floats] = {}
    for tensor in progress(samples.tensors(), len(samples), "pictures for channels"):
        for name, values in probe(tensor).items():
            largest = np.abs(values[0]).max((1, 2)).astype(np.float64)
            maxima[name] = np.maximum(maxima[name], largest) if name in maxima else largest
    return maxima


def equalised(model: Any, maxima: Mapping[str, Floats]) -> Any:
    """The same function with evened channels. maxima: of `channel_maxima` on `model`."""
    model = copied(model)
    unshare(model, convolutions(model))
    stored = initialisers(model)
    values = {name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in stored.items()}
    largest = dict(maxima)
    for _ in range(N_ROUNDS):
        for conv, tensor, readers in links(model):
            factor = _factors(largest[tensor], [values[node.input[1]] for node in readers])
            values[conv.input[1]] = values[conv.input[1]] / factor[:, None, None, None]
            if len(conv.input) > 2:
                values[conv.input[2]] = values[conv.input[2]] / factor
            for node in readers:
                weights = values[node.input[1]]
                values[node.input[1]] = weights * _along(weights, factor)
            largest[tensor] = largest[tensor] / factor
    set_initialisers(model, [])
    for name, array in values.items():
        store(model, name, array.astype(stored[name].dtype))
    return model


def _factors(largest: Floats, weights: Sequence[Floats]) -> Floats:
    """What each channel is divided by, (C,); the middle channel keeps its size."""
    alive = largest > DEAD * largest.max(initial=0.0)
    if not alive.any():
        return np.ones_like(largest)
    channels = np.where(alive, largest, 1.0)
    if all(_depthwise(item, len(channels)) for item in weights):
        factor = channels  # one scale per channel stores depthwise weights: they take any factor for free
    else:
        reach = np.max([np.abs(item).max((0, 2, 3)) for item in weights if item.shape[1] == len(channels)], 0)
        alive &= reach > DEAD * reach.max()
        factor = channels**ALPHA / np.where(alive, reach, 1.0) ** (1 - ALPHA)
    middle = np.median(factor[alive])
    result: Floats = np.where(alive, np.clip(factor / middle, 1 / MAX_STEP, MAX_STEP), 1.0)
    return result


def _along(weights: Floats, factor: Floats) -> Floats:
    """`factor` shaped to multiply the input channels of `weights`."""
    return factor[:, None, None, None] if _depthwise(weights, len(factor)) else factor[None, :, None, None]


def _depthwise(weights: Floats, n: int) -> bool:
    return weights.shape[1] == 1 and len(weights) == n


def _scalable(node: Any, stored: Mapping[str, Any], n: int) -> bool:
    if node.op_type != "Conv" or node.input[1] not in stored:
        return False
    weights = stored[node.input[1]]
    return weights.ndim == 4 and (weights.shape[1] == n or _depthwise(weights, n))
