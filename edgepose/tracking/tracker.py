"""The tracker: poses of one camera, frame by frame, become people with an id.

Made for falls: an id must survive the moment when the box turns from tall to wide and joints vanish. A pose goes to
the track it is most like in keypoints and in place; a track that found none stays, reported with `missing_s` > 0,
until `max_gap_s`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ShapeError
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.tracking.association import Similarity, diagonals, oks_and_motion, pair_up
from edgepose.tracking.options import TrackerOptions
from edgepose.tracking.smoothing import smooth
from edgepose.types import FloatArray, Pose, Track

COAST_S = 0.3  # a lost person is expected to move on for this long, then to stay
VELOCITY_S = 0.2  # time over which a body's velocity is averaged
SIZE_S = 2.0  # time over which a body's size may shrink: a crouching person keeps the standing size for a while
DUPLICATE = 0.45  # an unmatched pose this like a person just seen is a second find of the same body


class Tracker:
    """Gives people ids and smooths their keypoints. State belongs to the instance: ids start at 1 with each.

    Use one Tracker per camera and call it from one thread at a time.
    """

    def __init__(
        self,
        options: TrackerOptions | None = None,
        skeleton: Skeleton = BODYPOSENET_18,
        similarity: Similarity = oks_and_motion,
    ) -> None:
        self.options = options or TrackerOptions()
        self._sigmas = skeleton.sigma_array
        self._similarity = similarity
        k = skeleton.n_keypoints
        self._people: NDArray[Any] = np.zeros(
            0,
            [
                ("id", "i8"),  # 0 until the person has stayed for start_s
                ("first_t", "f8"),
                ("last_t", "f8"),
                ("score", "f4"),
                ("size_px", "f4"),
                ("velocity", "f4", 2),  # of the body, px/s
                ("pose", "f4", (k, 3)),  # as last seen, smoothed
                ("filtered", "f4", (k, 2)),  # smoothing: last value of every keypoint ever seen,
                ("speed", "f4", (k, 2)),  # its speed in px/s,
                ("seen_t", "f8", k),  # and when that was
            ],
        )
        self._next_id = 1
        self._t = -math.inf

    def update(self, poses: Sequence[Pose], t: float) -> tuple[Track, ...]:
        """Tracks after the frame of monotonic second `t`, by id; people not seen in it have missing_s > 0.

        poses: the people found, in any order; keypoints that are not finite count as absent, and so does (0, 0), which
        some networks give for an unseen joint. A clock that steps back a little counts as standing still; one that
        steps back by more than `max_gap_s` begins a new scene. Raises ShapeError for another skeleton's keypoints.
        """
        first = self._t == -math.inf
        if not math.isfinite(t):
            t = 0.0 if first else self._t
        if t < self._t - self.options.max_gap_s:
            self._people, first = self._people[:0], True
        elif t < self._t:
            t = self._t
        self._t = t
        self._people = self._people[t - self._people["last_t"] <= self.options.max_gap_s]
        keypoints, scores = self._clean(poses)
        newcomers = self._follow(keypoints, scores, t)
        self._begin(keypoints[newcomers], scores[newcomers], t)
        self._name(t, at_once=first)
        return self._tracks(t)

    def _clean(self, poses: Sequence[Pose]) -> tuple[FloatArray, FloatArray]:
        """float32 (D, K, 3) and (D,) of the poses that have a keypoint; absent ones are (NaN, NaN, 0)."""
        shape = (len(self._sigmas), 3)
        for pose in poses:
            if np.shape(pose.keypoints) != shape:
                raise ShapeError(
                    f"this tracker follows keypoints of shape {shape}, got {np.shape(pose.keypoints)}; "
                    "make the Tracker with the skeleton of the network that found them"
                )
        keypoints = np.array([pose.keypoints for pose in poses], np.float32).reshape(-1, *shape)
        x, y, score = keypoints[..., 0], keypoints[..., 1], keypoints[..., 2]
        there = (score > 0) & np.isfinite(x + y) & ((x != 0) | (y != 0))
        keypoints[~there] = (np.nan, np.nan, 0)
        kept = there.any(1)
        return keypoints[kept], np.array([pose.score for pose in poses], np.float32)[kept]

    def _follow(self, keypoints: FloatArray, scores: FloatArray, t: float) -> list[int]:
        """Give poses to the people they belong to; returns the numbers of those that belong to nobody yet."""
        people = self._people
        if not len(people) or not len(keypoints):
            return list(range(len(keypoints)))
        gap_s = (t - people["last_t"]).astype(np.float32)
        expected = people["filtered"] + (people["velocity"] * np.minimum(gap_s, COAST_S)[:, None])[:, None]
        stale = t - people["seen_t"] > gap_s[:, None] + COAST_S
        expected[stale] = np.nan
        likeness = self._similarity(expected, keypoints[..., :2], people["size_px"], gap_s, self._sigmas)
        # people with an id choose first, so that a newcomer, often a second find of the same body, lures no pose away
        rank = np.where(likeness >= self.options.min_similarity, likeness + (people["id"] > 0)[:, None], 0)
        pairs = pair_up(rank, self.options.min_similarity)
        if not pairs:
            return list(range(len(keypoints)))
        rows, columns = (np.array(side) for side in zip(*pairs, strict=True))
        self._move(rows, keypoints[columns], scores[columns], t)
        second_find = (likeness[rows] > DUPLICATE).any(0)
        second_find[columns] = True
        return [int(column) for column in np.flatnonzero(~second_find)]

    def _move(self, rows: NDArray[np.intp], keypoints: FloatArray, scores: FloatArray, t: float) -> None:
        """Take over the poses (M, K, 3) of the people in `rows`."""
        people = self._people[rows]
        gap_s = np.maximum(t - people["last_t"], 1e-3).astype(np.float32)
        since_s = t - people["seen_t"]
        measured = keypoints[..., :2]
        step = measured - people["filtered"]
        shared = (step[..., 0] == step[..., 0]) & (since_s <= gap_s[:, None] + COAST_S)
        steps = np.where(shared[..., None], step, 0)
        shift = steps.sum(1) / np.maximum(shared.sum(1), 1)[:, None]
        weight = (gap_s / (gap_s + VELOCITY_S))[:, None]
        people["velocity"] += weight * (shift / gap_s[:, None] - people["velocity"])
        shrink = np.exp(-gap_s / SIZE_S)
        people["size_px"] = np.maximum(diagonals(measured), people["size_px"] * shrink)
        there = keypoints[..., 2] > 0
        if self.options.smooth:
            options = self.options
            measured, speed = smooth(
                measured, people["filtered"], people["speed"], people["size_px"], since_s,
                options.min_cutoff_hz, options.speed_cutoff,
            )  # fmt: skip
            people["speed"] = np.where(there[..., None], speed, people["speed"])
        people["filtered"] = np.where(there[..., None], measured, people["filtered"])
        people["seen_t"] = np.where(there, t, people["seen_t"])
        people["pose"] = keypoints
        people["pose"][..., :2] = measured
        people["last_t"], people["score"] = t, scores
        self._people[rows] = people

    def _begin(self, keypoints: FloatArray, scores: FloatArray, t: float) -> None:
        """Take note of people (M, K, 3) who resemble nobody."""
        enough = (keypoints[..., 2] > 0).sum(1) >= self.options.start_keypoints
        keypoints, scores = keypoints[enough], scores[enough]
        if not len(keypoints):
            return
        new = np.zeros(len(keypoints), self._people.dtype)
        new["first_t"] = new["last_t"] = t
        new["pose"], new["filtered"], new["score"] = keypoints, keypoints[..., :2], scores
        new["seen_t"] = np.where(keypoints[..., 2] > 0, t, -math.inf)
        new["size_px"] = diagonals(new["filtered"])
        self._people = np.concatenate([self._people, new])

    def _name(self, t: float, *, at_once: bool) -> None:
        """Give ids to newcomers who have stayed long enough, and forget those who left before."""
        people = self._people
        waiting = people["id"] == 0
        if not waiting.any():
            return
        here = people["last_t"] == t
        if not at_once:
            ready = waiting & here & (t - people["first_t"] >= self.options.start_s)
        else:
            ready = waiting & here
        n_ready = int(ready.sum())
        people["id"][ready] = np.arange(self._next_id, self._next_id + n_ready)
        self._next_id += n_ready
        gone = waiting & (t - people["last_t"] > max(self.options.start_s, 1e-9)) & (people["id"] == 0)
        self._people = people[~gone]

    def _tracks(self, t: float) -> tuple[Track, ...]:
        people = self._people[self._people["id"] > 0]
        people = people[np.argsort(people["id"])]
        poses = people["pose"].copy()
        columns = (people["id"], people["score"], t - people["first_t"], t - people["last_t"])
        numbers = zip(*(column.tolist() for column in columns), strict=True)
        return tuple(
            Track(track_id, Pose(pose, score), t, age_s, missing_s)
            for pose, (track_id, score, age_s, missing_s) in zip(poses, numbers, strict=True)
        )
