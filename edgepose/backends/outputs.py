"""What every backend checks before and after the network runs: the batch's shape, and strides against the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ModelError, ShapeError
from edgepose.model import Layout, ModelSpec


def check_batch(spec: ModelSpec, batch: NDArray[Any], *, pixels: bool = False) -> None:
    """ShapeError unless `batch` is what the contract takes: float32 (N, 3, H, W) or (N, H, W, 3) of a fitting size.

    pixels: whether uint8 (N, H, W, 3) is fine, too.
    """
    layout = layout_of(spec, batch)
    channel_axis = 1 if layout == "NCHW" else 3
    known = batch.dtype == np.float32 or (pixels and batch.dtype == np.uint8)
    if batch.ndim != 4 or batch.shape[channel_axis] != 3 or not known:
        axes = "(N, 3, H, W)" if spec.input_layout == "NCHW" else "(N, H, W, 3)"
        also = " or uint8 (N, H, W, 3)" if pixels else ""
        raise ShapeError(f"model {spec.name} takes float32 {axes}{also}, got {batch.dtype} {batch.shape}")
    size = plane(batch.shape, layout)
    if not spec.dynamic_size and size != spec.input_hw:
        wanted = f"{spec.input_hw[0]}x{spec.input_hw[1]}"
        raise ShapeError(f"model {spec.name} takes pictures of {wanted} only, got {size[0]}x{size[1]}")
    if not len(batch):
        raise ShapeError(f"model {spec.name} takes at least one picture, got a batch of none")
    if not spec.dynamic_batch and spec.batch == 1 and len(batch) != 1:
        raise ShapeError(f"model {spec.name} takes one picture at a time, got a batch of {len(batch)}")


def check_strides(spec: ModelSpec, batch: NDArray[Any], outputs: Sequence[NDArray[Any]]) -> None:
    """ModelError when the outputs are no maps of these pictures, or not as much smaller as the contract says."""
    size = plane(batch.shape, layout_of(spec, batch))
    for output, tensor in zip((spec.heatmaps, spec.pafs), outputs, strict=True):
        if tensor.ndim != 4:
            raise ModelError(
                f"model {spec.name}: maps have 4 axes, but output {output.name!r} gave {tensor.shape}; correct the "
                "sidecar, or export the model again"
            )
        if len(tensor) != len(batch):
            raise ModelError(
                f"model {spec.name}: {len(batch)} pictures went in, but output {output.name!r} gave {tensor.shape}: "
                "the graph fixes its batch inside; export the model with a batch that is free, or fixed at its input"
            )
        cells = plane(tensor.shape, output.layout)
        if any(abs(n * output.stride - pixels) >= output.stride for n, pixels in zip(cells, size, strict=True)):
            raise ModelError(
                f"model {spec.name}: the contract says stride {output.stride:g} ({output.layout}) for output "
                f"{output.name!r}, but an input of {size[0]}x{size[1]} gave {tensor.shape}; correct the sidecar"
            )


def layout_of(spec: ModelSpec, batch: NDArray[Any]) -> Layout:
    """The axis order of a batch: pixels are always (N, H, W, 3)."""
    return "NHWC" if batch.dtype == np.uint8 else spec.input_layout


def plane(shape: Sequence[int], layout: Layout) -> tuple[int, int]:
    """Height and width of a batch."""
    return (shape[2], shape[3]) if layout == "NCHW" else (shape[1], shape[2])
