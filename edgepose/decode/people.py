"""Step 5 of grouping: fragments that are complete enough become people with a score, best first."""

from __future__ import annotations

import numpy as np

from edgepose.decode.assemble import Fragment
from edgepose.decode.peaks import Peaks
from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray


def people_of(
    fragments: list[Fragment], peaks: Peaks, skeleton: Skeleton, min_keypoints: int, min_score: float
) -> list[tuple[FloatArray, float]]:
    """People as (keypoints float32 (K, 3), score), best first.

    The score is the sum of keypoint and limb scores as a fraction of a complete person's, K + L: complete and certain
    people rank before partial or faint ones.
    """
    people = []
    for fragment in fragments:
        if len(fragment.peaks) < min_keypoints:
            continue
        keypoints = np.full((skeleton.n_keypoints, 3), np.nan, np.float32)
        keypoints[:, 2] = 0
        total = fragment.limb_score
        for keypoint in sorted(fragment.peaks):
            peak = fragment.peaks[keypoint]
            keypoints[keypoint] = (*peaks.xy[peak], peaks.score[peak])
            total += float(peaks.score[peak])
        score = min(total / (skeleton.n_keypoints + skeleton.n_limbs), 1.0)
        if score >= min_score:
            people.append((keypoints, score))
    return sorted(people, key=lambda person: -person[1])
