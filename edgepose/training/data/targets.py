"""Targets of the reference: Gaussian heatmaps with a background channel, and part affinity fields, drawn from people.

Cao et al. 2017, eq. 6-10, with TAO BodyPoseNet's numbers. Everything is vectorised over people and cells.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray

NEAR = 2
"""Cells around a known keypoint in which a teacher's own answer for it is looked for."""


class TargetOptions(Options, frozen=True):
    """How people become maps."""

    sigma_px: Annotated[float, Meta(gt=0, description="Gaussian of a keypoint, input pixels")] = 7.0
    limb_px: Annotated[float, Meta(gt=0, description="a limb covers cells this near to its segment, input pixels")] = (
        8.0
    )
    floor: Annotated[float, Meta(description="heatmap values below this become 0")] = 0.001
    fill: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="height at which keypoints that a teacher misses are drawn; 0 leaves them",
        ),
    ] = 0.7


def cell_centres(input_hw: tuple[int, int], stride: int) -> tuple[FloatArray, FloatArray]:
    """float32 (w,) and (h,): pixel coordinates of the cells' centres, (g + 0.5) stride - 0.5."""
    h, w = (n // stride for n in input_hw)
    return tuple(((np.arange(n) + 0.5) * stride - 0.5).astype(np.float32) for n in (w, h))  # type: ignore[return-value]


def draw_heatmaps(
    keypoints: FloatArray, skeleton: Skeleton, input_hw: tuple[int, int], options: TargetOptions, stride: int = 8
) -> FloatArray:
    """float32 (K + 1, h, w) from keypoints (P, K, 3), x and y input pixels, score > 0 where labelled.

    People are combined with max; the last channel, background, is 1 - max over keypoints.
    """
    xs, ys = cell_centres(input_hw, stride)
    maps = np.zeros((skeleton.n_keypoints + 1, len(ys), len(xs)), np.float32)
    if len(keypoints):
        factor = -0.5 / options.sigma_px**2
        gx = np.exp(factor * (xs - keypoints[:, :, :1]) ** 2)  # (P, K, w): a Gaussian is a product of two
        gy = np.exp(factor * (ys - keypoints[:, :, 1:2]) ** 2)
        there = (keypoints[:, :, 2] > 0)[:, :, None]
        gy = np.where(there, gy, 0)
        gx = np.where(there, gx, 0)
        maps[:-1] = (gy[..., None] * gx[:, :, None, :]).max(0)
        maps[maps < options.floor] = 0.0
    maps[-1] = 1.0 - maps[:-1].max(0)
    return maps


def draw_pafs(
    keypoints: FloatArray, skeleton: Skeleton, input_hw: tuple[int, int], options: TargetOptions, stride: int = 8
) -> FloatArray:
    """float32 (2L, h, w): unit vectors along the limbs, averaged over the people that cover a cell (eq. 9)."""
    xs, ys = cell_centres(input_hw, stride)
    pafs = np.zeros((skeleton.n_pafs, len(ys), len(xs)), np.float32)
    if not len(keypoints) or not skeleton.n_limbs:
        return pafs
    start, end, x_channel, y_channel = skeleton.limb_array.T
    a, b = keypoints[:, start], keypoints[:, end]  # (P, L, 3)
    along = b[..., :2] - a[..., :2]
    length = np.sqrt((along**2).sum(-1))
    drawn = (a[..., 2] > 0) & (b[..., 2] > 0) & (length > 1e-3)
    _, limbs = np.nonzero(drawn)
    unit = (along[drawn] / length[drawn][:, None]).astype(np.float32)  # (n, 2)
    origin = a[drawn][:, :2]
    dx = xs[None, None, :] - origin[:, 0, None, None]
    dy = ys[None, :, None] - origin[:, 1, None, None]
    ux, uy = unit[:, 0, None, None], unit[:, 1, None, None]
    t = np.clip(dx * ux + dy * uy, 0, length[drawn][:, None, None])
    near = (dx - t * ux) ** 2 + (dy - t * uy) ** 2 <= options.limb_px**2  # (n, h, w)
    count = np.zeros((skeleton.n_limbs, *pafs.shape[1:]), np.float32)
    np.add.at(count, limbs, near.astype(np.float32))
    np.add.at(pafs, x_channel[limbs], near * ux)
    np.add.at(pafs, y_channel[limbs], near * uy)
    share = 1.0 / np.maximum(count, 1.0)
    pafs[x_channel] *= share
    pafs[y_channel] *= share
    return pafs


def fill_in(
    maps: FloatArray,
    keypoints: FloatArray,
    skeleton: Skeleton,
    input_hw: tuple[int, int],
    options: TargetOptions,
    stride: int = 8,
) -> FloatArray:
    """A teacher's maps (K + 1 + 2L, h, w) with those keypoints of known people (P, K, 3) drawn in that it misses.

    What the teacher draws is smoother than a Gaussian and knows its doubts, so a keypoint is drawn, at the height
    `fill`, only where the teacher shows less than half of that near by; a limb, where one of its ends is drawn.
    Background is what keypoints leave.
    """
    n = skeleton.n_keypoints
    missed = _missed(maps[:n], keypoints, options.fill / 2, stride)
    if not missed.any():
        return maps
    drawn_points = keypoints * missed[..., None]
    heatmaps = options.fill * draw_heatmaps(drawn_points, skeleton, input_hw, options, stride)[:n]
    limbs = _limbs_with_an_end(keypoints, missed, skeleton)
    pafs = options.fill * draw_pafs(limbs, skeleton, input_hw, options, stride)
    out: FloatArray = maps.copy()
    out[:n] = np.maximum(maps[:n], heatmaps)
    out[n] = np.minimum(maps[n], 1 - heatmaps.max(0))
    xs, ys = (np.asarray([pair[i] for pair in skeleton.paf_channels]) for i in (0, 1))
    seen, drawn = maps[n + 1 :], np.hypot(pafs[xs], pafs[ys])
    weaker = np.hypot(seen[xs], seen[ys]) < drawn
    for channels in (xs, ys):
        out[n + 1 + channels] = np.where(weaker, pafs[channels], seen[channels])
    return out


def _missed(heatmaps: FloatArray, keypoints: FloatArray, height: float, stride: int) -> NDArray[np.bool_]:
    """bool (P, K): keypoints in the picture at which no cell within NEAR cells reaches `height`."""
    n, h, w = heatmaps.shape
    padded = np.pad(heatmaps, ((0, 0), (NEAR, NEAR), (NEAR, NEAR)), constant_values=-np.inf)
    near = np.lib.stride_tricks.sliding_window_view(padded, (2 * NEAR + 1,) * 2, axis=(1, 2)).max((-2, -1))
    cells = np.floor((keypoints[..., :2] + 0.5) / stride)
    x, y = (np.nan_to_num(cells[..., i]).astype(np.intp) for i in (0, 1))
    inside = (keypoints[..., 2] > 0) & (x >= 0) & (x < w) & (y >= 0) & (y < h)
    seen = near[np.arange(n), y.clip(0, h - 1), x.clip(0, w - 1)]
    return np.asarray(inside & (seen < height))


def _limbs_with_an_end(keypoints: FloatArray, ends: NDArray[np.bool_], skeleton: Skeleton) -> FloatArray:
    """(n, K, 3): a figure of two keypoints for each limb of a person that has one of its ends among `ends` (P, K)."""
    start, end = skeleton.limb_array.T[:2]
    people, limbs = np.nonzero(ends[:, start] | ends[:, end])
    figures = np.zeros((len(people), *keypoints.shape[1:]), np.float32)
    each = np.arange(len(people))
    for side in (start[limbs], end[limbs]):
        figures[each, side] = keypoints[people, side]
    return figures
