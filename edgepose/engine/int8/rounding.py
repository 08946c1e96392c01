"""Rounds weights so that layer outputs, not weights, come closest: each rounding error is made up by later weights.

With H = X X^T over measured layer inputs, column i of the weights is rounded, and the error it makes in the output is
spread over the columns not yet rounded (E. Frantar et al., "GPTQ", ICLR 2023, algorithm 1; after B. Hassibi and
D. Stork, "Optimal brain surgeon", 1993). Scales stay those of rounding to nearest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.probe import Probe
from edgepose.engine.int8.quantise import INT8_MAX, layer_name, weight_scales
from edgepose.engine.onnx.package import onnx_module
from edgepose.engine.onnx.queries import convolutions, initialisers

CELLS_PER_PICTURE = 160
"""Output cells sampled per layer and picture; a few thousand in all settle H."""
DAMPING = 0.05
"""Share of the mean diagonal added to H: inputs that are always zero do no harm, nor do pictures too much alike."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """How a convolution walks over its input: kernel (h, w), strides, dilations, pads top and left, groups."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    groups: int


def window_of(conv: Any, kernel: tuple[int, int]) -> Window | None:
    """The attributes of a Conv node; None where the exporter left padding to the runtime (auto_pad)."""
    onnx = onnx_module()
    values = {item.name: onnx.helper.get_attribute_value(item) for item in conv.attribute}
    if values.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        return None
    return Window(
        kernel=kernel,
        strides=tuple(values.get("strides", (1, 1))),
        dilations=tuple(values.get("dilations", (1, 1))),
        pads=tuple(values.get("pads", (0, 0, 0, 0))),
        groups=int(values.get("group", 1)),
    )


def sampled_inputs(values: NDArray[np.float32], window: Window, random: np.random.Generator) -> Floats:
    """What the layer sees at random output cells: (groups, inputs of one output, cells).

    values: (C, H, W), the layer's input.
    """
    top, left, bottom, right = window.pads
    padded = np.pad(values, ((0, 0), (top, bottom), (left, right)))
    reach = [(k - 1) * d for k, d in zip(window.kernel, window.dilations, strict=True)]
    cells = [
        max(1, (size - r - 1) // s + 1) for size, r, s in zip(padded.shape[1:], reach, window.strides, strict=True)
    ]
    rows = random.integers(0, cells[0], CELLS_PER_PICTURE) * window.strides[0]
    columns = random.integers(0, cells[1], CELLS_PER_PICTURE) * window.strides[1]
    seen = [
        padded[:, rows + i * window.dilations[0], columns + j * window.dilations[1]]
        for i in range(window.kernel[0])
        for j in range(window.kernel[1])
    ]
    stacked = np.stack(seen, 1).astype(np.float64)  # (C, kernel cells, samples)
    return stacked.reshape(window.groups, -1, CELLS_PER_PICTURE)


def rounded_weights(
    model: Any,
    layers: Sequence[str],
    samples: CalibrationSet,
    progress: Progress,
    *,
    about_mean: bool = True,
) -> dict[str, NDArray[np.int8]]:
    """int8 weights, in the stored shape, by the name of their initialiser, for the layers named.

    about_mean: only what varies about each input's mean is kept close; the constant rest is for the bias correction.
    """
    stored = initialisers(model)
    convs = {layer_name(conv): conv for conv in convolutions(model)}
    windows = {}
    for layer in layers:
        window = window_of(convs[layer], stored[convs[layer].input[1]].shape[2:])
        if window is not None:
            windows[layer] = window
    moments = _second_moments(model, {layer: (convs[layer].input[0], w) for layer, w in windows.items()},
                              samples, progress, about_mean=about_mean)  # fmt: skip
    result = {}
    for layer, window in windows.items():
        name = convs[layer].input[1]
        weights = stored[name].astype(np.float64)
        scales = weight_scales(stored[name]).astype(np.float64)
        grouped = weights.reshape(window.groups, len(weights) // window.groups, -1)
        steps = compensated(grouped, scales.reshape(window.groups, -1), moments[layer])
        result[name] = steps.reshape(weights.shape).astype(np.int8)
    return result


def compensated(weights: Floats, scales: Floats, moments: Floats) -> Floats:
    """Integer weights whose outputs are closest to those of `weights`.

    weights: (G groups, O outputs, I inputs). scales: (G, O), value of one step. moments: (G, I, I), sums of products
    of inputs. Returns (G, O, I), -127 to 127.
    """
    G, O, I = weights.shape  # noqa: E741
    left = weights / scales[:, :, None]
    diagonal = np.einsum("gii->gi", moments)
    damped = moments + np.eye(I) * np.maximum(DAMPING * diagonal.mean(1), 1e-12)[:, None, None]
    upper = np.linalg.cholesky(np.linalg.inv(damped)).transpose(0, 2, 1)  # (G, I, I)
    steps = np.zeros((G, O, I))
    for i in range(I):
        steps[:, :, i] = np.clip(np.rint(left[:, :, i]), -INT8_MAX, INT8_MAX)
        error = (left[:, :, i] - steps[:, :, i]) / upper[:, i, i][:, None]
        left[:, :, i:] -= error[:, :, None] * upper[:, i, None, i:]
    return steps


def _second_moments(
    model: Any,
    inputs: Mapping[str, tuple[str, Window]],
    samples: CalibrationSet,
    progress: Progress,
    *,
    about_mean: bool,
) -> dict[str, Floats]:
    random = np.random.default_rng(0)
    probe = Probe(model, samples.spec, list(dict.fromkeys(name for name, _ in inputs.values())))
    moments: dict[str, Floats] = {}
    sums: dict[str, Floats] = {}
    for tensor in progress(samples.tensors(), len(samples), "pictures for rounding"):
        values = probe(tensor)
        for layer, (name, window) in inputs.items():
            seen = sampled_inputs(values[name][0], window, random)
            product, total = seen @ seen.transpose(0, 2, 1), seen.sum(2)
            moments[layer] = moments[layer] + product if layer in moments else product
            sums[layer] = sums[layer] + total if layer in sums else total
    if not about_mean:
        return moments
    n = len(samples) * CELLS_PER_PICTURE
    return {layer: moment - sums[layer][:, :, None] * sums[layer][:, None, :] / n for layer, moment in moments.items()}
