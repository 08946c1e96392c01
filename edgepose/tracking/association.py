"""Which pose belongs to which track: a likeness between 0 and 1 for every pair, then the best pairs first.

Sizes are body diagonals (diagonal of the box around a person): unlike width, height or area, the diagonal hardly
changes when somebody falls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.types import FloatArray

Similarity = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]
"""(track_xy (T, K, 2), pose_xy (D, K, 2), size_px (T,), gap_s (T,), sigmas (K,)) -> likeness (T, D).

Absent keypoints are NaN; `gap_s` is the time since a track was last seen."""

OKS_SCALE = 0.4  # square root of a standing person's COCO area, in box diagonals
OKS_FACTOR = np.float32(-1 / (2 * (2 * OKS_SCALE) ** 2))  # COCO: exp(-d^2 / (2 area (2 sigma)^2))
REACH = 0.2  # how far a body may lie from its prediction: diagonals at once,
REACH_PER_S = 0.6  # and per second unseen (a person walks 0.7 and falls 1 diagonal per second)
MAX_REACH = 0.8


def oks(
    track_xy: FloatArray, pose_xy: FloatArray, size_px: FloatArray, gap_s: FloatArray, sigmas: FloatArray
) -> FloatArray:
    """Object keypoint similarity (COCO) over the keypoints both have; 0 where they share none."""
    apart = _differences(track_xy, pose_xy)
    return _oks(apart, np.maximum(_sum(apart[0] == apart[0]), 1), size_px, sigmas)


def oks_and_motion(
    track_xy: FloatArray, pose_xy: FloatArray, size_px: FloatArray, gap_s: FloatArray, sigmas: FloatArray
) -> FloatArray:
    """Mean of the keypoint similarity and the likeness of place, which alone survives a fall's change of shape."""
    apart = _differences(track_xy, pose_xy)
    shared = apart[0] == apart[0]  # (T, D, K) keypoints that both have
    n_shared = _sum(shared)
    n_compared: FloatArray = np.maximum(n_shared, 1)
    shift: FloatArray = _sum(np.where(shared, apart, 0)) / n_compared
    if not n_shared.all():
        shift = np.where(n_shared, shift, _centres(pose_xy)[:, None] - _centres(track_xy)[:, :, None])
    reach_px = size_px * np.minimum(REACH + REACH_PER_S * gap_s, MAX_REACH)
    place = np.exp(_squared(shift) / (-2 * reach_px * reach_px)[:, None])
    likeness: FloatArray = (_oks(apart, n_compared, size_px, sigmas) + place) / 2
    return likeness


def box_overlap(
    track_xy: FloatArray, pose_xy: FloatArray, size_px: FloatArray, gap_s: FloatArray, sigmas: FloatArray
) -> FloatArray:
    """Intersection over union of the keypoint boxes: the common rule, kept to compare with."""
    (low_a, high_a), (low_b, high_b) = _boxes(track_xy.transpose(2, 0, 1)), _boxes(pose_xy.transpose(2, 0, 1))
    common = np.minimum(high_a[:, :, None], high_b[:, None]) - np.maximum(low_a[:, :, None], low_b[:, None])
    inter = np.clip(common, 0, None).prod(0)
    union = (high_a - low_a).prod(0)[:, None] + (high_b - low_b).prod(0) - inter
    overlap: FloatArray = np.nan_to_num(inter / np.maximum(union, 1e-6))
    return overlap


def pair_up(likeness: FloatArray, min_similarity: float) -> list[tuple[int, int]]:
    """Pairs (row, column), the most alike first, each row and column at most once, none below `min_similarity`."""
    cells = (likeness >= min_similarity).ravel().nonzero()[0]
    order = (-likeness.take(cells)).argsort(kind="stable")
    pairs, used_rows, used_columns = [], set(), set()
    for cell in cells[order].tolist():
        row, column = divmod(cell, likeness.shape[1])
        if row not in used_rows and column not in used_columns:
            pairs.append((row, column))
            used_rows.add(row)
            used_columns.add(column)
    return pairs


def diagonals(xy: FloatArray) -> FloatArray:
    """(N,): diagonal in pixels of the box around each person's keypoints (2, N, K), at least 1; NaN without any."""
    low, high = _boxes(xy)
    width, height = high - low
    length: FloatArray = np.maximum(np.sqrt(width * width + height * height), 1)
    return length


def _centres(xy: FloatArray) -> FloatArray:
    """(2, N): middle of the box around each person's keypoints (N, K, 2)."""
    low, high = _boxes(xy.transpose(2, 0, 1))
    middle: FloatArray = np.float32(0.5) * (low + high)
    return middle


def _boxes(xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(2, N) each: lowest and highest x and y of each person's keypoints (2, N, K)."""
    low: FloatArray = np.fmin.reduce(xy, 2)
    high: FloatArray = np.fmax.reduce(xy, 2)
    return low, high


def _differences(track_xy: FloatArray, pose_xy: FloatArray) -> FloatArray:
    """(2, T, D, K): every pose's keypoints from every track's, x and y; NaN where one of them lacks it."""
    apart: FloatArray = pose_xy.transpose(2, 0, 1)[:, None] - track_xy.transpose(2, 0, 1)[:, :, None]
    return apart


def _oks(apart: FloatArray, n_compared: FloatArray, size_px: FloatArray, sigmas: FloatArray) -> FloatArray:
    """(T, D): object keypoint similarity of poses that are `apart` (2, T, D, K) in `n_compared` (T, D) keypoints."""
    spread = sigmas * size_px[:, None]  # (T, K)
    kernel = np.exp(_squared(apart) * (OKS_FACTOR / (spread * spread))[:, None])
    similarity: FloatArray = _sum(np.fmax(kernel, 0)) / n_compared
    return similarity


def _sum(values: NDArray[Any]) -> FloatArray:
    """Sums (...) over the keypoints of float32 or bool (..., K)."""
    total: FloatArray = values.astype(np.float32, copy=False) @ _ones(values.shape[-1])
    return total


@cache
def _ones(n: int) -> FloatArray:
    """(n,) ones: for so few keypoints the product with them takes a third of the time of `sum`."""
    return np.ones(n, np.float32)


def _squared(apart: FloatArray) -> FloatArray:
    """Squared lengths (...) of vectors (2, ...)."""
    squares = apart * apart
    length: FloatArray = squares[0] + squares[1]
    return length
