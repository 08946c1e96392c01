"""Limbs become fragments of people, the strongest first."""

from __future__ import annotations

import numpy as np

from edgepose.decode.assemble import assemble
from edgepose.decode.limbs import Connections
from edgepose.decode.peaks import Peaks


def peaks_of(*keypoints: int) -> Peaks:
    n = len(keypoints)
    return Peaks(np.array(keypoints), np.zeros((n, 2), np.float32), np.full(n, 0.9, np.float32))


def connect(*limbs: tuple[int, int, int, float]) -> Connections:
    limb, start, end, score = zip(*limbs, strict=True)
    return Connections(np.array(limb), np.array(start), np.array(end), np.array(score, np.float32))


def members(peaks: Peaks, connections: Connections) -> list[list[int]]:
    return [sorted(fragment.peaks.values()) for fragment in assemble(peaks, connections)]


def test_limbs_that_share_a_peak_make_one_fragment():
    assert members(peaks_of(0, 1, 2), connect((0, 0, 1, 0.5), (1, 1, 2, 0.5))) == [[0, 1, 2]]


def test_a_peak_without_a_limb_is_a_fragment():
    assert members(peaks_of(0, 1, 2), connect((0, 0, 1, 0.5))) == [[0, 1], [2]]


def test_the_stronger_of_two_limbs_takes_the_peak():
    assert members(peaks_of(0, 0, 1), connect((0, 0, 2, 0.4), (0, 1, 2, 0.6))) == [[0], [1, 2]]


def test_of_equal_limbs_the_first_takes_the_peak():
    assert members(peaks_of(0, 0, 1), connect((0, 0, 2, 0.5), (0, 1, 2, 0.5))) == [[0, 2], [1]]


def test_people_who_both_have_a_keypoint_stay_apart():
    limbs = connect((0, 0, 2, 0.9), (0, 1, 3, 0.8), (1, 2, 4, 0.7), (2, 3, 4, 0.6))
    assert members(peaks_of(0, 0, 1, 1, 2), limbs) == [[0, 2, 4], [1, 3]]


def test_a_second_limb_between_the_same_people_adds_to_their_score():
    limbs = connect((0, 0, 1, 0.5), (1, 1, 2, 0.5), (2, 0, 2, 0.25))
    assert [fragment.limb_score for fragment in assemble(peaks_of(0, 1, 2), limbs)] == [1.25]
