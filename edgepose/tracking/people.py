"""Everybody a tracker follows, as arrays: where they are expected, and how they move on with what was found.

A step is a few operations on whole arrays, so that ten people cost hardly more than one. People who were not found take
part in the arithmetic and keep their numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgepose.tracking.association import diagonals
from edgepose.tracking.options import TrackerOptions
from edgepose.tracking.smoothing import smooth
from edgepose.types import FloatArray

COAST_S = 0.3  # a lost person is expected to move on for this long, then to stay
VELOCITY_S = 0.2  # time over which a body's velocity is averaged
SIZE_S = 2.0  # time over which a body's size may shrink: a crouching person keeps the standing size for a while

Seconds = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Since(NamedTuple):
    """Time from the last sights of N people to second `t`.

    gap_s: float32 (N,) since each was seen. seen_s: (N, K) since each keypoint was, inf for never. lost: (N, K) which
    keypoints were lost so long before the rest of the body that nothing follows from where they were.
    """

    t: float
    gap_s: FloatArray
    seen_s: Seconds
    lost: Mask


@dataclass
class People:
    """What is known of N people.

    id: int64 (N,), 0 before somebody has stayed long enough for one. first_t, last_t: (N,) first and last sight.
    score: (N,) of the person, keypoint_score: (N, K), 0 where absent, both at the last sight.
    size_px: (N,) body diagonal. velocity: (2, N) of the body, px/s.
    xy, speed: (2, N, K) smoothed place of every keypoint, px, and its speed, px/s, when it was last seen; NaN and 0
        before it ever was. seen_t: (N, K) when that was, -inf for never.
    """

    id: NDArray[np.int64]
    first_t: Seconds
    last_t: Seconds
    score: FloatArray
    keypoint_score: FloatArray
    size_px: FloatArray
    velocity: FloatArray
    xy: FloatArray
    speed: FloatArray
    seen_t: Seconds

    @classmethod
    def first_seen(cls, found: FloatArray, scores: FloatArray, t: float) -> People:
        """Newcomers of second `t`. found: (3, N, K) x, y, score, absent ones NaN, NaN, 0. scores: (N,)."""
        n, xy = len(scores), found[:2].copy()
        return cls(
            id=np.zeros(n, np.int64),
            first_t=np.full(n, t),
            last_t=np.full(n, t),
            score=scores,
            keypoint_score=found[2].copy(),
            size_px=diagonals(xy),
            velocity=np.zeros((2, n), np.float32),
            xy=xy,
            speed=np.zeros_like(xy),
            seen_t=np.where(found[2] > 0, t, -math.inf),
        )

    def __len__(self) -> int:
        return len(self.id)

    def chosen(self, rows: NDArray[np.intp]) -> People:
        """Only these people, in this order."""
        return People(*(column.take(rows, axis) for column, axis in self._columns()))

    def joined(self, others: People) -> People:
        """These people, and the others after them."""
        pairs = zip(self._columns(), others._columns(), strict=True)
        return People(*(np.concatenate([mine, theirs], axis) for (mine, axis), (theirs, _) in pairs))

    def _columns(self) -> Iterator[tuple[NDArray[Any], int]]:
        """The arrays, each with its axis of people."""
        for column in fields(self):
            yield getattr(self, column.name), int(column.name in ("velocity", "xy", "speed"))

    def keypoints(self) -> FloatArray:
        """float32 (N, K, 3): x, y, score at the last sight; NaN, NaN, 0 where absent."""
        keypoints = np.empty((*self.keypoint_score.shape, 3), np.float32)
        keypoints[..., :2] = np.where(self.keypoint_score > 0, self.xy, np.nan).transpose(1, 2, 0)
        keypoints[..., 2] = self.keypoint_score
        return keypoints

    def since(self, t: float) -> Since:
        """How long ago everything was seen last, at second `t`."""
        gap_s, seen_s = (t - self.last_t).astype(np.float32), t - self.seen_t
        return Since(t, gap_s, seen_s, seen_s > gap_s[:, None] + COAST_S)

    def expected(self, since: Since) -> FloatArray:
        """(2, N, K): where keypoints should be by now, px; NaN where they were lost."""
        ahead = self.velocity * np.minimum(since.gap_s, COAST_S)
        places: FloatArray = self.xy + ahead[..., None]
        np.copyto(places, np.nan, where=since.lost)
        return places

    def step(self, found: FloatArray, scores: FloatArray, here: Mask, since: Since, options: TrackerOptions) -> None:
        """Move everybody to what was found of them now.

        found: (3, N, K) x, y, score, absent ones NaN, NaN, 0. scores: (N,) of the people. here: (N,) who was found;
        the others have no keypoints in `found`.
        """
        xy, score = found[:2], found[2]
        there = score > 0
        t, seen_s, gap_s = since.t, since.seen_s, np.maximum(since.gap_s, np.float32(1e-3))
        self._turn(xy, there & ~since.lost, gap_s, here)
        np.copyto(self.size_px, np.maximum(diagonals(xy), self.size_px * np.exp(-gap_s / SIZE_S)), where=here)
        if options.smooth:
            xy, speed = smooth(
                xy, self.xy, self.speed, self.size_px, seen_s, options.min_cutoff_hz, options.speed_cutoff
            )
            np.copyto(self.speed, speed, where=there)
        np.copyto(self.xy, xy, where=there)
        np.copyto(self.seen_t, t, where=there)
        np.copyto(self.keypoint_score, score, where=here[:, None])
        np.copyto(self.score, scores, where=here)
        np.copyto(self.last_t, t, where=here)

    def _turn(self, xy: FloatArray, shared: Mask, gap_s: FloatArray, here: Mask) -> None:
        """Turn the velocity of everybody `here` (N,) to how the keypoints `shared` (N, K) with the last sight moved.

        xy: (2, N, K) where they are now. gap_s: (N,) seconds since then.
        """
        change = xy - self.xy
        np.copyto(change, 0, where=~shared)
        shift = change.sum(2) / np.maximum(shared.sum(1), 1)
        weight = here * gap_s / (gap_s + VELOCITY_S)
        self.velocity += weight * (shift / gap_s - self.velocity)
