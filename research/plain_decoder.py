"""The decoder to compare with: what OpenPose's description says, done plainly in NumPy on maps enlarged eight times.

Maps enlarged with cubic interpolation, 3x3 maxima above .1 at least 6 pixels apart, ten samples a limb of which
eight must support it, OpenPose's prior against limbs longer than half the picture, greedy matching limb after limb,
at least four keypoints and a mean score of .2.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from edgepose.skeleton import Skeleton
from edgepose.types import Fields, FloatArray, Pose

ENLARGE = 8
PEAK_THRESHOLD, MIN_DISTANCE_PX = 0.1, 6
N_SAMPLES, MIN_SUPPORTED, SAMPLE_THRESHOLD = 10, 8, 0.05
MIN_KEYPOINTS, MIN_MEAN_SCORE = 4, 0.2


def group_plainly(fields: Fields, skeleton: Skeleton) -> list[Pose]:
    """People in input pixels; heatmaps and PAFs must share their stride."""
    heatmaps, pafs = _enlarge(fields.heatmaps[: skeleton.n_keypoints]), _enlarge(fields.pafs)
    peaks = [_peaks(heatmap) for heatmap in heatmaps]
    people: list[dict[int, int]] = []
    limb_scores: list[float] = []
    for start, end, x_channel, y_channel in skeleton.limb_array.tolist():
        for score, a, b in _match(peaks[start], peaks[end], pafs[[x_channel, y_channel]]):
            _attach(people, limb_scores, (start, a), (end, b), score)
    poses = []
    for person, limb_score in zip(people, limb_scores, strict=True):
        keypoints = np.full((skeleton.n_keypoints, 3), (np.nan, np.nan, 0), np.float32)
        for keypoint, peak in person.items():
            x, y, score = peaks[keypoint][peak]
            keypoints[keypoint] = (*_to_input(np.array((x, y)), fields.heatmap_stride), score)
        total = float(keypoints[:, 2].sum()) + limb_score
        if len(person) >= MIN_KEYPOINTS and total >= MIN_MEAN_SCORE * len(person):
            poses.append(Pose(keypoints, total / (skeleton.n_keypoints + skeleton.n_limbs)))
    return poses


def _enlarge(maps: FloatArray) -> FloatArray:
    large = [cv2.resize(channel, None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_CUBIC) for channel in maps]
    return np.stack(large)


def _to_input(xy: NDArray[np.float64], stride: float) -> NDArray[np.float64]:
    return (xy + 0.5) * stride / ENLARGE - 0.5


def _peaks(heatmap: FloatArray) -> FloatArray:
    """(n, 3): column, row, value of the maxima, strongest first."""
    rows, columns = np.nonzero((heatmap == maximum_filter(heatmap, size=3)) & (heatmap > PEAK_THRESHOLD))
    found = np.stack([columns, rows, heatmap[rows, columns]], axis=1)
    kept: list[FloatArray] = []
    for peak in found[np.argsort(-found[:, 2])]:
        if all(np.hypot(*(peak[:2] - other[:2])) >= MIN_DISTANCE_PX for other in kept):
            kept.append(peak)
    return np.array(kept, np.float32).reshape(-1, 3)


def _match(starts: FloatArray, ends: FloatArray, field: FloatArray) -> list[tuple[float, int, int]]:
    """The limbs of one kind as (score, start, end), strongest first, each peak once."""
    candidates = []
    for a, start in enumerate(starts):
        for b, end in enumerate(ends):
            length = float(np.hypot(*(end - start)[:2]))
            if length == 0:
                continue
            points = np.linspace(start[:2], end[:2], N_SAMPLES).round().astype(int)
            along = field[:, points[:, 1], points[:, 0]].T @ (end - start)[:2] / length
            score = float(along.mean()) + min(0.5 * field.shape[1] / length - 1, 0)
            if (along > SAMPLE_THRESHOLD).sum() >= MIN_SUPPORTED and score > 0:
                candidates.append((score, a, b))
    matched: list[tuple[float, int, int]] = []
    for score, a, b in sorted(candidates, reverse=True):
        if all(a != start and b != end for _, start, end in matched):
            matched.append((score, a, b))
    return matched


def _attach(
    people: list[dict[int, int]], limb_scores: list[float], start: tuple[int, int], end: tuple[int, int], score: float
) -> None:
    """Add a limb to the people who have one of its ends, joining two where both do and nothing clashes."""
    owners = [i for i, person in enumerate(people) if start in person.items() or end in person.items()]
    if not owners:
        people.append(dict((start, end)))
        limb_scores.append(score)
    elif len(owners) == 1:
        people[owners[0]] = dict((start, end)) | people[owners[0]]
        limb_scores[owners[0]] += score
    elif not people[owners[0]].keys() & people[owners[1]].keys():
        people[owners[0]] |= people.pop(owners[1])
        limb_scores[owners[0]] += limb_scores.pop(owners[1]) + score
