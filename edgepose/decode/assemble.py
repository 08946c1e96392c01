"""Step 3 of grouping: limbs joined to fragments of people, strongest limb first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgepose.decode.limbs import Connections
from edgepose.decode.peaks import Peaks


@dataclass
class Fragment:
    """Part of a person: which peak each of its keypoints is, and the sum of its limbs' scores."""

    peaks: dict[int, int]
    limb_score: float = 0.0

    def absorb(self, other: Fragment) -> None:
        """Take in another fragment; of a keypoint that both have, one's own stays."""
        self.peaks = other.peaks | self.peaks
        self.limb_score += other.limb_score


def assemble(peaks: Peaks, connections: Connections) -> list[Fragment]:
    """Fragments in the order of their first peak; a peak without a limb is a fragment of its own.

    Limbs of all kinds are taken strongest first (of equals the earlier). A limb joins the fragments at its two ends
    unless they would then have two peaks of one keypoint or a peak would have two limbs of one kind.
    """
    fragments = [Fragment({int(keypoint): peak}) for peak, keypoint in enumerate(peaks.keypoint)]
    fragment_of = list(range(len(fragments)))
    taken: set[tuple[int, int]] = set()
    for i in np.argsort(-connections.score, kind="stable"):
        limb, start, end = int(connections.limb[i]), int(connections.start[i]), int(connections.end[i])
        if (limb, start) in taken or (limb, end) in taken:
            continue
        into, other = sorted((fragment_of[start], fragment_of[end]))
        if into != other:
            if fragments[into].peaks.keys() & fragments[other].peaks.keys():
                continue
            for peak in fragments[other].peaks.values():
                fragment_of[peak] = into
            fragments[into].absorb(fragments[other])
        taken.update(((limb, start), (limb, end)))
        fragments[into].limb_score += float(connections.score[i])
    return [fragment for i, fragment in enumerate(fragments) if fragment_of[min(fragment.peaks.values())] == i]
