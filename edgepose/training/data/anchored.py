"""Targets from two teachers: dense maps as the anchor, keypoints with chances where those are better.

An old teacher's maps say something everywhere, with doubts and all; for upright people its faces, shoulders and hips
are kept. Elbows, wrists, knees, ankles, people who lie, small people and whatever the maps miss or put elsewhere are
drawn from keypoints of the fused teacher. What neither is sure of weighs nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.skeleton import Skeleton
from edgepose.training.data.targets import TargetOptions, cell_centres, draw_heatmaps, draw_pafs
from edgepose.types import FloatArray

DRAWN = 0.35
"""Keypoints of at least this chance are drawn; those of less, down to SEEN, are masked."""
SEEN = 0.08
REACH = 2.5
"""A drawn keypoint rules its channel within this many sigmas."""
SMALL_PX = 72.0
"""People whose box is smaller than this in the crop are drawn whole: the old teacher hardly sees them."""
NOBODY_PX, WHOLE_PX = 24.0, 40.0
"""Bodies lower than the first in the crop are learned as nobody, those lower than the second not at all: a keypoint's
peak is as large as they are, so that a network taught to draw them sees one in every post of that size."""
PEAK_PX, ROUND = 16.0, np.array((-1, -1, 1, 1), np.float32)
"""How far the maps' peaks reach beyond such a body's box; the sides of a box that grows."""
BODY_OF_BUST, BODY_OF_HEAD = 2.5, 6.0
"""A body's height in units of what is seen of it, where no hip, knee or ankle is drawn, and where only the head is."""
AGREE = 0.1
"""The maps agree with a keypoint when they peak within this share of the person's box (and at least a cell)."""
STRAY = 0.1
"""A map is above this where it claims a keypoint."""
ELSEWHERE = 0.6
"""From this chance on a keypoint is where the fused teacher says, and the maps' other claims in its box are wrong."""
LIMB_ENDS = ("elbow", "wrist", "knee", "ankle")


class Targets(NamedTuple):
    """maps: float32 (K + 1 + 2L, h, w), heatmaps first. weights: the same shape, 0 to 1."""

    maps: FloatArray
    weights: FloatArray


class Crowd(NamedTuple):
    """People in crop pixels. keypoints: float32 (P, K, 3), x, y, chance. lies: bool (P,)."""

    keypoints: FloatArray
    lies: NDArray[np.bool_]


def anchored(
    maps: FloatArray,
    people: Crowd,
    nobody: NDArray[np.bool_],
    doubtful: NDArray[np.bool_],
    skeleton: Skeleton,
    options: TargetOptions,
    stride: int = 8,
) -> Targets:
    """The dense maps (K + 1 + 2L, h, w) of a crop with people drawn in.

    nobody: bool (h, w), cells in which nobody is, whatever the maps say. doubtful: cells that weigh nothing. Both end
    where somebody's box begins.
    """
    n, hw = skeleton.n_keypoints, (maps.shape[1] * stride, maps.shape[2] * stride)
    keypoints = _in_reach(people.keypoints, hw)
    boxes, sides = _boxes(keypoints)
    inside = _cells_in(boxes, hw, stride)  # (P, h, w)
    bodies = _bodies(keypoints, sides, skeleton)
    tiny = _cells_in(boxes + np.float32(PEAK_PX) * ROUND, hw, stride)[(bodies > 0) & (bodies < NOBODY_PX)].any(0)
    unclear = inside[(bodies >= NOBODY_PX) & (bodies < WHOLE_PX)].any(0)
    large = bodies >= WHOLE_PX
    keypoints, sides, inside = keypoints[large], sides[large], inside[large]
    lies, nobody, doubtful = people.lies[large], nobody | tiny, doubtful | unclear
    somebody: NDArray[np.bool_] = np.any(inside, axis=0)
    out, weights = maps.astype(np.float32), np.ones_like(maps, dtype=np.float32)
    _empty(out, nobody & ~somebody, n)
    upright: NDArray[np.bool_] = np.any(inside[~lies], axis=0)
    for person in np.flatnonzero(lies):
        _empty(out, np.asarray(inside[person] & ~upright), n)
    apart = _distances(keypoints, hw, stride)  # (P, K, h, w)
    known, sure = keypoints[..., 2] >= SEEN, keypoints[..., 2] >= DRAWN
    taken = sure & _taken(out[:n], keypoints, lies, sides, apart, skeleton, options)
    _points(out, weights, keypoints, known, sure, taken, apart, inside, sides, skeleton, options, stride)
    _limbs(out, weights, keypoints, known, sure, taken, skeleton, options, hw, stride)
    weights[:, doubtful & ~somebody] = 0.0
    return Targets(out, weights)


def _in_reach(keypoints: FloatArray, hw: tuple[int, int]) -> FloatArray:
    """The people of whom something lies in the crop."""
    x, y = keypoints[..., 0], keypoints[..., 1]
    inside = (x > -32) & (y > -32) & (x < hw[1] + 32) & (y < hw[0] + 32)
    there: NDArray[np.bool_] = np.any((keypoints[..., 2] > 0) & inside, axis=1, keepdims=True)
    return np.where(there[..., None], keypoints, np.float32(0))


def _boxes(keypoints: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Boxes (P, 4) x0, y0, x1, y1 of the drawn keypoints, a little larger; their longer sides (P,), 0 for nobody."""
    sure = np.asarray(keypoints[..., 2] >= DRAWN)
    xy = keypoints[..., :2]
    low = np.where(sure[..., None], xy, np.inf).min(1) if len(keypoints) else np.zeros((0, 2))
    high = np.where(sure[..., None], xy, -np.inf).max(1) if len(keypoints) else np.zeros((0, 2))
    sides = np.where(sure.any(1), (high - low).max(1, initial=0), 0.0)
    grow = 0.1 * sides[:, None] + 8.0
    boxes = np.where(sure.any(axis=1, keepdims=True), np.concatenate((low - grow, high + grow), 1), 0.0)
    return boxes.astype(np.float32), sides.astype(np.float32)


def _bodies(keypoints: FloatArray, sides: FloatArray, skeleton: Skeleton) -> FloatArray:
    """(P,): about how high each body is in the crop, pixels, guessed from the box's side where only a part is drawn."""
    sure = np.asarray(keypoints[..., 2] >= DRAWN)
    kinds = np.array([name.split("_")[-1] for name in skeleton.keypoints])
    lower = sure[:, np.isin(kinds, ("hip", "knee", "ankle"))].any(1)
    bust = sure[:, np.isin(kinds, ("neck", "shoulder", "elbow", "wrist"))].any(1)
    return (sides * np.where(lower, 1.0, np.where(bust, BODY_OF_BUST, BODY_OF_HEAD))).astype(np.float32)


def _cells_in(boxes: FloatArray, hw: tuple[int, int], stride: int) -> NDArray[np.bool_]:
    xs, ys = cell_centres(hw, stride)
    across = (xs >= boxes[:, :1]) & (xs <= boxes[:, 2:3])  # (P, w)
    down = (ys >= boxes[:, 1:2]) & (ys <= boxes[:, 3:4])
    return np.asarray(down[:, :, None] & across[:, None, :])


def _empty(out: FloatArray, cells: NDArray[np.bool_], n: int) -> None:
    out[:, cells] = 0.0
    out[n, cells] = 1.0


def _distances(keypoints: FloatArray, hw: tuple[int, int], stride: int) -> FloatArray:
    """(P, K, h, w): pixels from every cell to every keypoint; infinite where it is unknown."""
    xs, ys = cell_centres(hw, stride)
    apart = np.hypot(
        xs[None, None, None, :] - keypoints[..., 0, None, None], ys[None, None, :, None] - keypoints[..., 1, None, None]
    )
    return np.where((keypoints[..., 2] >= SEEN)[..., None, None], apart, np.inf).astype(np.float32)


def _taken(
    heatmaps: FloatArray,
    keypoints: FloatArray,
    lies: NDArray[np.bool_],
    sides: FloatArray,
    apart: FloatArray,
    skeleton: Skeleton,
    options: TargetOptions,
) -> NDArray[np.bool_]:
    """bool (P, K): keypoints that are drawn rather than left to the maps."""
    ends = np.array([name.split("_")[-1] in LIMB_ENDS for name in skeleton.keypoints])
    near = apart <= np.maximum(AGREE * sides, 8.0)[:, None, None, None]
    peak = np.where(near, heatmaps[None], 0.0).max((-2, -1), initial=0.0)
    missed = peak < options.fill / 2
    return np.asarray(ends[None] | lies[:, None] | (sides < SMALL_PX)[:, None] | missed)


def _points(
    out: FloatArray,
    weights: FloatArray,
    keypoints: FloatArray,
    known: NDArray[np.bool_],
    sure: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    apart: FloatArray,
    inside: NDArray[np.bool_],
    sides: FloatArray,
    skeleton: Skeleton,
    options: TargetOptions,
    stride: int,
) -> None:
    n, reach = skeleton.n_keypoints, REACH * options.sigma_px
    hw = out.shape[1] * stride, out.shape[2] * stride
    drawn = options.fill * draw_heatmaps(keypoints * taken[..., None], skeleton, hw, options, stride)[:n]
    nearest = np.where(known[..., None, None], apart, np.inf).min(0, initial=np.inf)  # (K, h, w)
    to_taken = np.where(taken[..., None, None], apart, np.inf).min(0, initial=np.inf)
    to_left = np.where((sure & ~taken)[..., None, None], apart, np.inf).min(0, initial=np.inf)
    ruled = (to_taken <= reach) & (to_taken < to_left)
    before = out[:n].copy()
    out[:n] = np.where(ruled, drawn, np.maximum(out[:n], drawn))
    for person, cells in enumerate(inside):
        astray = cells[None] & (before > STRAY) & (nearest > max(reach, 0.15 * sides[person]))  # (K, h, w)
        elsewhere = keypoints[person, :, 2] >= ELSEWHERE
        out[:n][astray & elsewhere[:, None, None]] = 0.0
        weights[:n][astray & ~elsewhere[:, None, None]] = 0.0
    for person in range(len(keypoints)):
        for k in np.flatnonzero(known[person]):
            chance = float(keypoints[person, k, 2])
            radius = reach if sure[person, k] else max(reach, 0.12 * float(sides[person]))
            cells = (apart[person, k] <= radius) & (apart[person, k] <= nearest[k])
            weights[k, cells] = np.minimum(weights[k, cells], chance if sure[person, k] else 0.0)
    changed = (out[:n] != before).any(0)
    out[n] = np.where(changed, 1 - out[:n].max(0), out[n])
    weights[n] = np.minimum(weights[n], weights[:n].min(0))


def _limbs(
    out: FloatArray,
    weights: FloatArray,
    keypoints: FloatArray,
    known: NDArray[np.bool_],
    sure: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    skeleton: Skeleton,
    options: TargetOptions,
    hw: tuple[int, int],
    stride: int,
) -> None:
    """Limbs with a drawn end are drawn where both ends are sure; along those with a doubtful end nothing is learned."""
    first = skeleton.n_keypoints + 1
    start, end = skeleton.limb_array.T[:2]
    both_sure = sure[:, start] & sure[:, end]
    draw = both_sure & (taken[:, start] | taken[:, end])
    mask = known[:, start] & known[:, end] & ~both_sure
    xs, ys = (np.asarray([pair[i] for pair in skeleton.paf_channels]) for i in (0, 1))
    pafs = draw_pafs(_figures(keypoints, draw, skeleton), skeleton, hw, options, stride)
    covered = np.hypot(pafs[xs], pafs[ys]) > 0
    for channels in (xs, ys):
        out[first + channels] = np.where(covered, pafs[channels], out[first + channels])
    hidden = draw_pafs(_figures(keypoints, mask, skeleton), skeleton, hw, options, stride)
    unknown = (np.hypot(hidden[xs], hidden[ys]) > 0) & ~covered
    for limb in range(skeleton.n_limbs):
        chances = np.minimum(keypoints[:, start[limb], 2], keypoints[:, end[limb], 2])[draw[:, limb]]
        weight = float(chances.mean()) if len(chances) else 1.0
        for channel in (xs[limb], ys[limb]):
            weights[first + channel][covered[limb]] = weight
            weights[first + channel][unknown[limb]] = 0.0


def _figures(keypoints: FloatArray, wanted: NDArray[np.bool_], skeleton: Skeleton) -> FloatArray:
    """(n, K, 3): a figure of two keypoints for each wanted limb, bool (P, L)."""
    start, end = skeleton.limb_array.T[:2]
    people, limbs = np.nonzero(wanted)
    figures = np.zeros((len(people), *keypoints.shape[1:]), np.float32)
    each = np.arange(len(people))
    for side in (start[limbs], end[limbs]):
        figures[each, side] = keypoints[people, side]
    return figures
