"""The last two seconds of one person as the learned head reads them: skeletons at even steps of time.

Positions are in body heights around the neck, so that near and far, large and small look alike; what was not seen is
0 with its mask at 0. The picture's lower edge and sides are in it too: a body that ends there is not all seen.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ShapeError
from edgepose.events.body import Body
from edgepose.events.measure import MIN_SCORE
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import FloatArray

STEP_S, STEPS = 0.1, 20
CHANNELS = 3 * BODYPOSENET_18.n_keypoints + 8
HOLD_S = 0.25  # what was seen counts for this long
BRIDGE_S = 0.6  # two sights no further apart are joined by a line
KEEP_S = STEP_S * STEPS + BRIDGE_S
SAMPLE_S = 0.03  # sights closer together add nothing
GROW_S, SHRINK_S, LEAVING = 0.4, 4.0, 0.2  # of the body height, as in motion.py, whatever the body does


class Sights:
    """What was seen of one person lately; fed with every frame that shows the person, in order of time.

    skeleton: of the keypoints; those that BODYPOSENET_18 has and it has not stay unseen.
    """

    def __init__(self, skeleton: Skeleton = BODYPOSENET_18) -> None:
        names = skeleton.keypoints
        self._n_keypoints = len(names)
        self._columns = [names.index(name) if name in names else -1 for name in BODYPOSENET_18.keypoints]
        self._rows: deque[tuple[float, FloatArray, tuple[float, float], float, float]] = deque()

    def see(self, keypoints: FloatArray, body: Body, t: float) -> None:
        """Take in float32 (K, 3) keypoints, pixels and score, and the body they make, seen at second `t`.

        ShapeError when the keypoints are not those of the skeleton.
        """
        rows = self._rows
        if keypoints.shape != (self._n_keypoints, 3):
            raise ShapeError(f"wanted keypoints of shape ({self._n_keypoints}, 3), got {keypoints.shape}")
        if len(rows) > 1 and t - rows[-2][0] < SAMPLE_S:
            rows.pop()
        while rows and not 0 <= t - rows[0][0] <= KEEP_S:
            rows.popleft()
        seen_px, height_px = body.height_px, body.height_px
        if rows:
            dt, known_px = max(t - rows[-1][0], 1e-3), rows[-1][3]
            height_px = known_px
            if seen_px > known_px:
                height_px += (seen_px - known_px) * (1 - math.exp(-dt / GROW_S))
            elif seen_px < known_px:
                shrink_px = (known_px - seen_px) * (1 - math.exp(-dt / SHRINK_S))
                height_px -= min(shrink_px, LEAVING * known_px * dt)
        rows.append((t, keypoints, (body.neck_x, body.neck_y), height_px, seen_px))

    def window(self, t: float, size_wh: tuple[int, int] | None) -> FloatArray:
        """float32 (CHANNELS, STEPS) of the time up to second `t`; needs at least one sight.

        Channels: x and y of 18 keypoints from the neck; whether each is seen; x and y of the neck from its last place;
        its speed; whether the person is seen; how much shorter than standing the body looks; how far the picture's
        lower edge and its nearest side are (far, without `size_wh`). Lengths in body heights,
        speeds in half of one per second.
        """
        then, points, necks, heights, seen_heights = zip(*self._rows, strict=True)
        times, keypoints = np.array(then), np.array(points, np.float64)[:, self._columns]
        keypoints[:, [column < 0 for column in self._columns], 2] = 0
        neck_px, height_px = np.array(necks), heights[-1]
        there = (keypoints[..., 2] >= MIN_SCORE) & np.isfinite(keypoints).all(-1) & (keypoints[..., :2] != 0).any(-1)
        xy = np.where(there[..., None], keypoints[..., :2], 0.0)

        steps = t - STEP_S * np.arange(STEPS - 1, -1, -1)
        before = np.searchsorted(times, steps + 1e-6) - 1
        after = np.minimum(before + 1, len(times) - 1)
        a = np.maximum(before, 0)
        gap_s, since_s = times[after] - times[a], steps - times[a]
        joined = (before >= 0) & (gap_s > 0) & (gap_s <= BRIDGE_S)
        seen = (before >= 0) & (joined | (since_s <= HOLD_S))
        share = np.where(joined, np.clip(since_s / np.maximum(gap_s, 1e-6), 0, 1), 0)[:, None]

        def between(values: NDArray[np.float64]) -> NDArray[np.float64]:
            mixed: NDArray[np.float64] = values[a] * (1 - share) + values[after] * share
            return mixed

        first, second = there[a] & seen[:, None], there[after] & joined[:, None]
        weight = np.where(first & second, share, second)[..., None]
        place = xy[a] * (1 - weight) + xy[after] * weight
        neck, found = between(neck_px), first | second
        joints = np.where(found[..., None], np.clip((place - neck[:, None]) / height_px, -1.5, 1.5), 0)
        path = np.clip((neck - neck_px[-1]) / height_px, -2, 2) * seen[:, None]
        speed = np.zeros((STEPS, 2))
        moved = (neck[1:] - neck[:-1]) / height_px / STEP_S
        speed[1:] = 0.5 * np.clip(moved, -4, 4) * (seen[1:] & seen[:-1])[:, None]
        shorter = np.clip(between(np.array(seen_heights)[:, None])[:, 0] / height_px, 0, 2) - 1
        below, beside = np.full(STEPS, 1.5), np.ones(STEPS)
        if size_wh is not None:
            below = np.clip((size_wh[1] - neck[:, 1]) / height_px, 0, 1.5)
            beside = np.clip(np.minimum(neck[:, 0], size_wh[0] - neck[:, 0]) / height_px, 0, 1)
        rest = np.stack([seen, shorter * seen, below * seen, beside * seen])
        return np.concatenate([joints[..., 0].T, joints[..., 1].T, found.T, path.T, speed.T, rest]).astype(np.float32)
