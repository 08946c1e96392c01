"""Ids for plain poses, so that a rule works alone, with anyone's keypoints. `Tracker` does it better."""

from __future__ import annotations

from collections.abc import Sequence

from edgepose.events.body import Body
from edgepose.events.measure import measure
from edgepose.skeleton import Skeleton
from edgepose.types import Pose, Track

REACH = 0.5  # how far a body moves between frames at most, body heights
KEEP_S = 2.0


class Follower:
    """Turns the poses of each frame into tracks: a body keeps the id of the nearest one of the last frames."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        self._known: dict[int, tuple[Body, Pose, float, float]] = {}  # id -> body, pose, first and last second
        self._next_id = 1

    def update(self, poses: Sequence[Pose], t: float) -> tuple[Track, ...]:
        """Tracks of this frame, lost ones with missing_s > 0 for KEEP_S."""
        self._known = {id_: known for id_, known in self._known.items() if t - known[3] <= KEEP_S}
        bodies = measure(poses, self._skeleton)
        here = [(body, pose) for body, pose in zip(bodies, poses, strict=True) if body.n > 0]
        distances = sorted(
            (_distance(body, known[0]), i, id_)
            for i, (body, _) in enumerate(here)
            for id_, known in self._known.items()
        )
        ids: dict[int, int] = {}
        for distance, i, id_ in distances:
            if distance <= REACH and i not in ids and id_ not in ids.values():
                ids[i] = id_
        for i, (body, pose) in enumerate(here):
            id_ = ids.get(i, self._next_id)
            self._next_id += id_ == self._next_id
            first_t = self._known[id_][2] if id_ in self._known else t
            self._known[id_] = (body, pose, first_t, t)
        return tuple(
            Track(id_, pose, t, age_s=t - first_t, missing_s=t - seen_t)
            for id_, (_, pose, first_t, seen_t) in sorted(self._known.items())
        )


def _distance(a: Body, b: Body) -> float:
    """Between two bodies' centres, in units of the larger one's size."""
    (ax, ay), (bx, by) = a.centre, b.centre
    size = max(a.right - a.left, a.bottom - a.top, b.right - b.left, b.bottom - b.top, 1.0)
    return float(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5 / size)
