"""Step 3 of grouping: limbs joined to people, strongest limb first."""

from __future__ import annotations

import numpy as np

from edgepose.decode.limbs import Connections
from edgepose.decode.peaks import Peaks
from edgepose.types import FloatArray


def assemble(
    peaks: Peaks, connections: Connections, n_keypoints: int, min_keypoints: int, min_score: float
) -> list[tuple[FloatArray, float]]:
    """People as (keypoints (K, 3), score), best first.

    Limbs are taken strongest first; a limb joins the people at its two ends unless they would then have two peaks of
    one keypoint or a peak would have two limbs of one kind.
    """
    person_of = np.arange(len(peaks.score))
    members = {peak: {int(peaks.keypoint[peak]): peak} for peak in range(len(peaks.score))}
    strength: dict[int, float] = dict.fromkeys(members, 0.0)
    used: set[tuple[int, int]] = set()
    for i in np.argsort(-connections.score, kind="stable"):
        limb, start, end = int(connections.limb[i]), int(connections.start[i]), int(connections.end[i])
        if (limb, start) in used or (limb, end) in used:
            continue
        a, b = int(person_of[start]), int(person_of[end])
        if a != b:
            if members[a].keys() & members[b].keys():
                continue
            for peak in members[b].values():
                person_of[peak] = a
            members[a].update(members.pop(b))
            strength[a] += strength.pop(b)
        used.update(((limb, start), (limb, end)))
        strength[a] += float(connections.score[i])
    people = []
    for person, parts in members.items():
        if len(parts) < min_keypoints:
            continue
        keypoints = np.full((n_keypoints, 3), np.nan, np.float32)
        keypoints[:, 2] = 0
        for keypoint, peak in parts.items():
            keypoints[keypoint] = (*peaks.xy[peak], peaks.score[peak])
        score = (float(keypoints[:, 2].sum()) + strength[person]) / (n_keypoints + 19)
        if score >= min_score:
            people.append((keypoints, score))
    return sorted(people, key=lambda person: -person[1])
