"""The tracker: poses of one camera, frame by frame, become people with an id.

Made for falls: an id must survive the moment when the box turns from tall to wide and joints vanish. A pose goes to
the track it is most like in keypoints and in place; a track that found none stays, reported with `missing_s` > 0,
until `max_gap_s`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from edgepose.errors import ShapeError
from edgepose.options import given
from edgepose.skeleton import BODYPOSENET_18, Skeleton, given_skeleton
from edgepose.tracking.association import Similarity, oks_and_motion, pair_up
from edgepose.tracking.options import TrackerOptions
from edgepose.tracking.people import People
from edgepose.types import FloatArray, Pose, Track
from edgepose.types.given import check_people, check_second

DUPLICATE = 0.45  # an unmatched pose this like a person just seen is a second find of the same body
USUAL = 1.5  # times the time between frames, up to which the next one is in time
ABSENT = np.array([[[np.nan]], [[np.nan]], [[0]]], np.float32)  # x, y and score of a keypoint that was not found


class Tracker:
    """Gives people ids and smooths their keypoints. State belongs to the instance: ids start at `first_id` with each.

    next_id: the id that the next newcomer gets.

    Use one Tracker per camera and call it from one thread at a time.

    >>> import edgepose, numpy
    >>> points = numpy.column_stack([numpy.linspace(100, 140, 18), numpy.linspace(50, 250, 18), numpy.ones(18)])
    >>> tracker = edgepose.Tracker()
    >>> for t in (0.0, 0.1, 0.2, 0.3):
    ...     tracks = tracker.update([edgepose.Pose(points.astype(numpy.float32), 1.0)], t)
    >>> [track.id for track in tracks]
    [1]
    """

    def __init__(
        self,
        options: TrackerOptions | None = None,
        skeleton: Skeleton = BODYPOSENET_18,
        similarity: Similarity = oks_and_motion,
        first_id: int = 1,
    ) -> None:
        self.options = given(options, TrackerOptions)
        self._skeleton = given_skeleton(skeleton)
        self._sigmas = skeleton.sigma_array
        self._start_keypoints = skeleton.at_least(self.options.start_keypoints)
        self._similarity = similarity
        self._people = People.first_seen(np.empty((3, 0, skeleton.n_keypoints), np.float32), np.empty(0, np.float32), 0)
        self.next_id = first_id
        self._waiting = False  # whether somebody has no id yet
        self._t = -math.inf
        self._intervals_s = (math.inf, math.inf)  # between the last three frames

    def update(self, poses: Sequence[Pose], t: float) -> tuple[Track, ...]:
        """Tracks after the frame of monotonic second `t`, by id; people not seen in it have missing_s > 0.

        poses: the people found, in any order; keypoints that are not finite count as absent, and so does (0, 0), which
        some networks give for an unseen joint. A clock that steps back a little counts as standing still; one that
        steps back by more than `max_gap_s`, and more than a frame, begins a new scene. Where frames come less often
        than `max_gap_s`, whoever is in the next one keeps the id. Raises ShapeError for another skeleton's keypoints.
        """
        check_people(poses)
        check_second(t)
        first = self._t == -math.inf
        if not math.isfinite(t):
            t = 0.0 if first else self._t
        usual_s, max_gap_s = USUAL * min(self._intervals_s), self.options.max_gap_s
        if t < self._t - max(max_gap_s, 0.0 if math.isinf(usual_s) else usual_s):
            self._people, first, usual_s = self._people.chosen(np.empty(0, np.intp)), True, math.inf
            self._intervals_s = (math.inf, math.inf)
        elif t < self._t:
            t = self._t
        elif t > self._t and not first:
            self._intervals_s = self._intervals_s[1], t - self._t
        before, self._t = self._t, t
        seldom = t - before > max_gap_s  # frames come less often than people may be unseen
        self._forget(t, before if t - before <= usual_s else t)
        found, scores = self._clean(poses)
        new = self._follow(found, scores, t)
        if new:
            self._begin(found[:, new], scores[new], t)
        if self._waiting:
            self._name(t, at_once=first)
        if seldom:
            self._forget(t, t)
        return self._tracks(t)

    def _forget(self, t: float, seen_t: float) -> None:
        """Let those go who were not seen for `max_gap_s`, unless they were at second `seen_t`."""
        people = self._people
        if len(people) and t - people.last_t.min() > self.options.max_gap_s:
            stays = (t - people.last_t <= self.options.max_gap_s) | (people.last_t >= seen_t)
            self._people = people.chosen(np.flatnonzero(stays))

    def _clean(self, poses: Sequence[Pose]) -> tuple[FloatArray, FloatArray]:
        """float32 (3, D, K) x, y, score and (D,) of the poses that have a keypoint; absent ones are NaN, NaN, 0."""
        shape = (len(self._sigmas), 3)
        keypoints = [pose.keypoints for pose in poses]
        for points in keypoints:
            if points.shape != shape:
                raise ShapeError(
                    f"this tracker follows keypoints of shape {shape}, got {points.shape}; "
                    "make the Tracker with the skeleton of the network that found them"
                )
        found = np.ascontiguousarray(np.array(keypoints, np.float32).reshape(-1, *shape).transpose(2, 0, 1))
        x, y, score = found[0], found[1], found[2]
        there = (score > 0) & np.isfinite(x + y) & np.logical_or(x, y)
        np.copyto(found, ABSENT, where=~there)
        scores = np.array([pose.score for pose in poses], np.float32)
        kept = there.any(1)
        return (found, scores) if kept.all() else (found.compress(kept, 1), scores.compress(kept))

    def _follow(self, found: FloatArray, scores: FloatArray, t: float) -> list[int]:
        """Move people to the poses (3, D, K) that belong to them; returns the numbers of those that are nobody's."""
        people, new = self._people, range(len(scores))
        if not len(people) or not len(scores):
            return [*new]
        since = people.since(t)
        track_xy, pose_xy = people.expected(since).transpose(1, 2, 0), found[:2].transpose(1, 2, 0)
        likeness = self._similarity(track_xy, pose_xy, people.size_px, since.gap_s, self._sigmas)
        rank = likeness
        if self._waiting:
            # people with an id choose first: a newcomer, often a second find of the same body, lures no pose away
            rank = np.where(likeness >= self.options.min_similarity, likeness + (people.id > 0)[:, None], -1)
        pairs = dict(pair_up(rank, self.options.min_similarity))
        if not pairs:
            return [*new]
        theirs = np.array([pairs.get(row, -1) for row in range(len(people))])  # (N,) number of everybody's pose
        here = theirs >= 0
        mine = found.take(theirs, 1)
        if len(pairs) < len(people):
            np.copyto(mine, ABSENT, where=~here[:, None])
        people.step(mine, scores.take(theirs), here, since, self.options)
        if len(pairs) == len(scores):
            return []
        double = np.flatnonzero((likeness[here] > DUPLICATE).any(0))  # found already, or again
        return [pose for pose in new if pose not in double and pose not in pairs.values()]

    def _begin(self, found: FloatArray, scores: FloatArray, t: float) -> None:
        """Take note of people (3, M, K) who resemble nobody."""
        enough = (found[2] > 0).sum(1) >= self._start_keypoints
        if enough.any():
            self._people = self._people.joined(People.first_seen(found[:, enough], scores[enough], t))
            self._waiting = True

    def _name(self, t: float, *, at_once: bool) -> None:
        """Give ids to newcomers who have stayed long enough, and forget those who left before."""
        people = self._people
        waiting = people.id == 0
        ready = waiting & (people.last_t == t)
        if not at_once:
            ready &= t - people.first_t >= self.options.start_s
        n_ready = np.count_nonzero(ready)
        people.id[ready] = range(self.next_id, self.next_id + n_ready)
        self.next_id += n_ready
        waiting &= ~ready & (t - people.last_t <= max(self.options.start_s, 1e-9))
        named = people.id.argsort()[np.count_nonzero(people.id == 0) :]
        self._people = people.chosen(np.concatenate([named, np.flatnonzero(waiting)]))
        self._waiting = bool(waiting.any())

    def _tracks(self, t: float) -> tuple[Track, ...]:
        """Everybody with an id."""
        people = self._people
        columns = (people.id, people.score, t - people.first_t, t - people.last_t)
        ids, scores, ages_s, missing_s = (column.tolist() for column in columns)
        tracks = map(
            Track, ids, map(Pose, people.keypoints(), scores, repeat(self._skeleton)), repeat(t), ages_s, missing_s
        )
        return tuple([track for track in tracks if track.id > 0] if self._waiting else tracks)
