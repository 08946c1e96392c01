"""Which pose belongs to which track: a likeness between 0 and 1 for every pair, then the best pairs first.

Sizes are body diagonals (diagonal of the box around a person): unlike width, height or area, the diagonal hardly
changes when somebody falls.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgepose.types import FloatArray

Similarity = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]
"""(track_xy (T, K, 2), pose_xy (D, K, 2), size_px (T,), gap_s (T,), sigmas (K,)) -> likeness (T, D).

Absent keypoints are NaN; `gap_s` is the time since a track was last seen."""

OKS_SCALE = 0.4  # square root of a standing person's COCO area, in box diagonals
REACH = 0.2  # how far a body may lie from its prediction: diagonals at once,
REACH_PER_S = 0.6  # and per second unseen (a person walks 0.7 and falls 1 diagonal per second)
MAX_REACH = 0.8


def oks(
    track_xy: FloatArray, pose_xy: FloatArray, size_px: FloatArray, gap_s: FloatArray, sigmas: FloatArray
) -> FloatArray:
    """Object keypoint similarity (COCO) over the keypoints both have; 0 where they share none."""
    return _oks(*_differences(track_xy, pose_xy), size_px, sigmas)


def oks_and_motion(
    track_xy: FloatArray, pose_xy: FloatArray, size_px: FloatArray, gap_s: FloatArray, sigmas: FloatArray
) -> FloatArray:
    """Mean of the keypoint similarity and the likeness of place, which alone survives a fall's change of shape."""
    dx, dy = _differences(track_xy, pose_xy)
    shared = dx == dx
    n_shared = shared.sum(2)
    share = 1 / np.maximum(n_shared, 1)
    shift_x, shift_y = np.where(shared, dx, 0).sum(2) * share, np.where(shared, dy, 0).sum(2) * share
    if not n_shared.all():
        rows, columns = np.nonzero(n_shared == 0)
        apart = centres(pose_xy)[columns] - centres(track_xy)[rows]
        shift_x[rows, columns], shift_y[rows, columns] = apart[:, 0], apart[:, 1]
    reach_px = size_px * np.minimum(REACH + REACH_PER_S * gap_s, MAX_REACH)
    place = np.exp((shift_x * shift_x + shift_y * shift_y) / (-2 * reach_px * reach_px)[:, None])
    likeness: FloatArray = (_oks(dx, dy, size_px, sigmas) + place) / 2
    return likeness


def box_overlap(
    track_xy: FloatArray, pose_xy: FloatArray, size_px: FloatArray, gap_s: FloatArray, sigmas: FloatArray
) -> FloatArray:
    """Intersection over union of the keypoint boxes: the common rule, kept to compare with."""
    (low_a, high_a), (low_b, high_b) = _boxes(track_xy), _boxes(pose_xy)
    common = np.minimum(high_a[:, None], high_b[None]) - np.maximum(low_a[:, None], low_b[None])
    inter = np.clip(common, 0, None).prod(-1)
    union = (high_a - low_a).prod(-1)[:, None] + (high_b - low_b).prod(-1)[None] - inter
    overlap: FloatArray = np.nan_to_num(inter / np.maximum(union, 1e-6))
    return overlap


def pair_up(likeness: FloatArray, min_similarity: float) -> list[tuple[int, int]]:
    """Pairs (row, column), the most alike first, each row and column at most once, none below `min_similarity`."""
    rows, columns = np.nonzero(likeness >= min_similarity)
    order = np.argsort(-likeness[rows, columns], kind="stable")
    pairs, used_rows, used_columns = [], set(), set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in used_rows and column not in used_columns:
            pairs.append((row, column))
            used_rows.add(row)
            used_columns.add(column)
    return pairs


def centres(xy: FloatArray) -> FloatArray:
    """(N, 2): middle of the box around each person's keypoints (N, K, 2)."""
    low, high = _boxes(xy)
    middle: FloatArray = (0.5 * (low + high)).astype(np.float32)
    return middle


def diagonals(xy: FloatArray) -> FloatArray:
    """(N,): diagonal in pixels of the box around each person's keypoints (N, K, 2), at least 1."""
    low, high = _boxes(xy)
    side = high - low
    length: FloatArray = np.maximum(np.sqrt((side * side).sum(-1)), 1)
    return length


def _boxes(xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    low: FloatArray = np.fmin.reduce(xy, 1)
    high: FloatArray = np.fmax.reduce(xy, 1)
    return low, high


def _differences(track_xy: FloatArray, pose_xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """x and y of every pose's keypoints from every track's, (T, D, K) each; NaN where one of them lacks it."""
    dx: FloatArray = pose_xy[None, :, :, 0] - track_xy[:, None, :, 0]
    dy: FloatArray = pose_xy[None, :, :, 1] - track_xy[:, None, :, 1]
    return dx, dy


def _oks(dx: FloatArray, dy: FloatArray, size_px: FloatArray, sigmas: FloatArray) -> FloatArray:
    spread = 2 * sigmas * (OKS_SCALE * size_px)[:, None]  # (T, K)
    exponent = (dx * dx + dy * dy) / (-2 * spread * spread)[:, None]
    shared = exponent == exponent
    kernel = np.exp(np.where(shared, exponent, -np.inf))
    similarity: FloatArray = kernel.sum(2) / np.maximum(shared.sum(2), 1)
    return similarity
