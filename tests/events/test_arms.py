"""Arms without holes and strays."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

from edgepose.events.arms import GRACE_S, Arms

ARMS = [float(value) for value in range(12)]


def wrist_moved(x: float) -> list[float]:
    """The arms with the right wrist at `x`."""
    return [*ARMS[:4], x, *ARMS[5:]]


@pytest.mark.parametrize("xs", list(permutations((3.0, 4.0, 90.0))), ids=str)
def test_a_joint_is_where_the_median_of_three_frames_has_it(xs):
    arms = Arms()
    for i, x in enumerate(xs):
        right, left = arms.update(wrist_moved(x), i / 20, 1 / 20)
    assert right == [0, 1, 2, 3, 4, 5] and left == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize(("unseen_s", "there"), [(GRACE_S - 0.01, True), (GRACE_S + 0.01, False)])
def test_a_joint_that_is_not_seen_stays_for_a_moment(unseen_s, there):
    arms, hole = Arms(), [*ARMS[:4], math.nan, math.nan, *ARMS[6:]]
    arms.update(ARMS, 0.0, 0.0)
    right, _ = arms.update(hole, unseen_s, unseen_s)
    assert right[4:] == [4, 5] if there else all(map(math.isnan, right[4:]))
