"""Do two networks see the same people? Object keypoint similarity between what one found and what the other did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray, Pose

MIN_OKS = 0.1
"""Below this two people are different people."""


class Agreement(Options, frozen=True):
    """How well INT8's people fit those of FP32 in one or many pictures.

    oks: sum over FP32's people of the OKS of their partner, 0 without one. people: FP32's. extra: INT8's without a
    partner.
    """

    oks: float = 0.0
    people: int = 0
    extra: int = 0

    @property
    def mean_oks(self) -> float:
        """0 to 1; 1 when FP32 sees nobody."""
        return self.oks / self.people if self.people else 1.0

    @property
    def extra_share(self) -> float:
        """INT8-only people per person of FP32."""
        return self.extra / self.people if self.people else float(self.extra)

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(oks=self.oks + other.oks, people=self.people + other.people, extra=self.extra + other.extra)


def compare_people(exact: Sequence[Pose], found: Sequence[Pose], skeleton: Skeleton) -> Agreement:
    """Pair the people of one picture, best OKS first, each at most once."""
    scores = np.array([[oks(a.keypoints, b.keypoints, skeleton) for b in found] for a in exact])
    total, pairs = 0.0, 0
    while scores.size and scores.max() >= MIN_OKS:
        i, j = np.unravel_index(int(scores.argmax()), scores.shape)
        total += float(scores[i, j])
        pairs += 1
        scores[i, :] = -1.0
        scores[:, j] = -1.0
    return Agreement(oks=total, people=len(exact), extra=len(found) - pairs)


def oks(exact: FloatArray, found: FloatArray, skeleton: Skeleton) -> float:
    """Mean over the keypoints of `exact` of exp(-d^2 / (2 a (2 sigma)^2)), a missing one counting 0 (COCO's OKS).

    exact, found: float32 (K, 3) in the same pixels. a: area of the box around `exact`'s keypoints.
    """
    there = exact[:, 2] > 0
    if not there.any():
        return 0.0
    size = np.maximum(exact[there, :2].max(0) - exact[there, :2].min(0), 1.0)
    squared = np.square(exact[there, :2] - found[there, :2]).sum(1)
    variance = np.square(2 * np.asarray(skeleton.sigmas)[there])
    similarity = np.exp(-squared / (2 * float(size.prod()) * variance))
    return float(np.where(np.isnan(similarity), 0.0, similarity).mean())
