"""The contract of the fields that grouping takes; what breaks it is a ShapeError before any work is done."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ShapeError
from edgepose.shown import shown
from edgepose.skeleton import Skeleton
from edgepose.types import Fields, FloatArray

MAX_SIDE = 16_384
"""Cells a side; a picture of 65,000 pixels at stride 4. Cell numbers stay within 32 bits and pixels within a float."""
MIN_STRIDE, MAX_STRIDE = 1 / 64, 4096
"""Pixels per cell. Networks have 4 to 32; beyond these bounds squared distances leave what a float can hold."""


def checked_fields(fields: Fields, skeleton: Skeleton) -> Fields:
    """The same fields with C-contiguous float32 arrays; ShapeError says what does not fit `skeleton`."""
    heatmaps = _as_maps(fields.heatmaps, "heatmaps")
    pafs = _as_maps(fields.pafs, "pafs")
    if len(heatmaps) < skeleton.n_keypoints:
        raise ShapeError(
            f"heatmaps have {len(heatmaps)} channels, skeleton {skeleton.name!r} needs at least "
            f"{skeleton.n_keypoints}; choose the skeleton that belongs to the model"
        )
    if len(pafs) != skeleton.n_pafs:
        raise ShapeError(
            f"pafs have {len(pafs)} channels, skeleton {skeleton.name!r} needs {skeleton.n_pafs} "
            f"(two per limb); pass (heatmaps, pafs) in this order and the skeleton that belongs to the model"
        )
    _check_strides(heatmaps, pafs, fields)
    return Fields(heatmaps, pafs, fields.heatmap_stride, fields.paf_stride)


def _as_maps(maps: NDArray[Any], name: str) -> FloatArray:
    array = np.asarray(maps)
    if array.ndim != 3 or 0 in array.shape:
        raise ShapeError(f"{name} must be a non-empty (channels, h, w) array, got shape {array.shape}")
    if array.dtype.kind != "f":
        raise ShapeError(f"{name} must hold floating-point numbers, got {array.dtype}; convert them to float32")
    if max(array.shape[1:]) > MAX_SIDE:
        raise ShapeError(f"{name} may have {MAX_SIDE} cells a side, got shape {array.shape}; scale the picture down")
    array = np.ascontiguousarray(array, np.float32)
    return array if array.flags.aligned else array.copy()


def _check_strides(heatmaps: FloatArray, pafs: FloatArray, fields: Fields) -> None:
    strides = {"heatmap_stride": fields.heatmap_stride, "paf_stride": fields.paf_stride}
    for name, stride in strides.items():
        if not isinstance(stride, (int, float, np.number)):
            raise ShapeError(f"{name} must be a number of pixels per cell, got {shown(stride)}")
        if not 0 < stride < math.inf:
            raise ShapeError(f"{name} must be a positive number of pixels per cell, got {shown(stride)}")
        if not MIN_STRIDE <= stride <= MAX_STRIDE:
            raise ShapeError(
                f"{name} must be {MIN_STRIDE:g} to {MAX_STRIDE} pixels per cell, got {shown(stride)}; "
                "pass the stride that belongs to the model"
            )
    for cells, paf_cells in zip(heatmaps.shape[1:], pafs.shape[1:], strict=True):
        size, paf_size = cells * fields.heatmap_stride, paf_cells * fields.paf_stride
        if abs(size - paf_size) >= max(strides.values()):
            raise ShapeError(
                f"heatmaps of {heatmaps.shape[1:]} cells at stride {fields.heatmap_stride:g} and pafs of "
                f"{pafs.shape[1:]} cells at stride {fields.paf_stride:g} cover different inputs; "
                "pass the strides that belong to the model"
            )
