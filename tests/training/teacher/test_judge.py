"""Scores into chances, guesses into one answer."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.training.teacher.judge import JudgeOptions, chance_of_person, fuse, trust


def guess(x: float, chance: float) -> np.ndarray:
    return np.tile((x, 50.0, chance), (17, 1))


def test_a_higher_score_is_a_higher_chance_and_an_unseen_keypoint_has_none() -> None:
    scores = np.column_stack((np.zeros((17, 2)), np.linspace(0, 0.8, 17)))
    for name in ("thunder", "0001", "blazepose"):
        chances = trust(name, scores)[:, 2]
        assert chances[0] == 0
        assert (np.diff(chances) > 0).all() and chances[-1] < 1


def test_guesses_that_agree_are_averaged_by_their_chances() -> None:
    answer = fuse([guess(10, 0.9), guess(13, 0.3)], box_px=100)
    assert answer[:, 0] == pytest.approx(10.75)
    assert answer[:, 2] == pytest.approx(0.6)  # (.9 + .3) of two teachers


def test_two_that_agree_outweigh_a_stronger_one_that_stands_alone() -> None:
    answer = fuse([guess(10, 0.5), guess(12, 0.5), guess(60, 0.9)], box_px=100)
    assert answer[:, 0] == pytest.approx(11)
    assert answer[:, 2] == pytest.approx(1 / 3)


def test_one_that_stands_alone_is_believed_by_half() -> None:
    answer = fuse([guess(10, 0.8), guess(60, 0.4)], box_px=100)
    assert answer[:, 0] == pytest.approx(10)
    assert answer[:, 2] == pytest.approx(0.4)


def test_what_nobody_saw_stays_unseen() -> None:
    assert not fuse([guess(10, 0.0), guess(60, 0.0)], box_px=100).any()


def test_somebody_is_there_when_both_readers_believe_their_keypoints() -> None:
    options = JudgeOptions()
    sure, unsure = guess(0, 0.9), guess(0, 0.05)
    assert chance_of_person(sure, sure, options) > options.somebody
    assert chance_of_person(unsure, unsure, options) < options.nobody
