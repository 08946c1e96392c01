"""Scores into chances, several guesses into one answer, and whether somebody is there at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta

from edgepose.options import Options
from edgepose.training.teacher.body import Keypoints, lies, same_person
from edgepose.training.teacher.sight import Box, Look, Person, Reading, Sight, rows_of

TRUST = {"thunder": (-1.5, 6.86, -0.7), "0001": (-0.13, 3.06, -0.4), "blazepose": (-2.31, 5.12, -0.08)}
"""Per teacher a, b, c of the chance 1 / (1 + exp(-(a + b s + c s^2))) that a keypoint of score s has OKS > .5."""


ONE_EACH, SURE = 0.08, 0.35
"""Answers whose keypoints of chances above SURE mostly lie within this share of the larger box mean one person."""


class JudgeOptions(Options, frozen=True):
    """When guesses agree and when somebody is there."""

    near: Annotated[float, Meta(gt=0, description="guesses of one keypoint agree within this share of the box")] = 0.06
    somebody: Annotated[float, Meta(ge=0, le=1, description="a person from this chance on")] = 0.95
    nobody: Annotated[float, Meta(ge=0, le=1, description="nobody below this chance; between the two it is masked")] = (
        0.07
    )
    person: Annotated[
        tuple[float, float, float],
        Meta(description="a, b, c of the chance 1 / (1 + exp(-(a + b t + c o))) that somebody is there; t and o are "
             "mean chances of the best eight keypoints of Thunder and the fields"),
    ] = (-7.2, 12.0, 12.0)  # fmt: skip


def trust(teacher: str, keypoints: Keypoints) -> Keypoints:
    """The keypoints with their scores turned into chances; what was not seen keeps 0."""
    a, b, c = TRUST[teacher]
    s = keypoints[:, 2]
    return np.column_stack((keypoints[:, :2], np.where(s > 0, 1 / (1 + np.exp(-(a + b * s + c * s * s))), 0.0)))


def fuse(guesses: Sequence[Keypoints], box_px: float, near: float = JudgeOptions().near) -> Keypoints:
    """One answer out of guesses with chances: per keypoint the mean of those that agree and together weigh most.

    box_px: the longer side of the person's box; guesses within `near` of it agree. The chance of the answer is what
    its guesses add up to, divided by how many teachers were asked.
    """
    stack = np.stack(guesses)  # (G, 17, 3)
    apart = np.linalg.norm(stack[:, None, :, :2] - stack[None, :, :, :2], axis=-1)  # (G, G, 17)
    chance = stack[..., 2]
    weight = (apart < near * box_px) * chance[None]  # of guess j in the group about guess i
    best = weight.sum(1).argmax(0)
    chosen = np.take_along_axis(weight, best[None, None, :], 0)[0]  # (G, 17)
    total = chosen.sum(0)
    xy = (chosen[..., None] * stack[..., :2]).sum(0) / np.maximum(total, 1e-9)[:, None]
    return np.column_stack((xy * (total > 0)[:, None], total / len(stack)))


def chance_of_person(thunder: Keypoints, fields: Keypoints, options: JudgeOptions) -> float:
    """How likely somebody is there, by what both readers think of their own keypoints (with chances)."""
    a, b, c = options.person
    return float(1 / (1 + np.exp(-(a + b * top(thunder) + c * top(fields)))))


def top(keypoints: Keypoints, n: int = 8) -> float:
    """Mean chance of the best `n` keypoints: somebody cut off at the waist is somebody."""
    return float(np.sort(keypoints[:, 2])[-n:].mean())


def judged(reading: Reading, options: JudgeOptions) -> Person:
    """The fused answer: BlazePose has a voice where the trunk lies."""
    of_thunder = trust("thunder", np.asarray(reading.thunder))
    of_fields = trust("0001", np.asarray(reading.fields))
    voices = [of_thunder, of_fields]
    if reading.blazepose is not None:
        voices.append(trust("blazepose", np.asarray(reading.blazepose)))
    x0, y0, x1, y1 = reading.box
    fused = fuse(voices, max(x1 - x0, y1 - y0), options.near)
    chance = chance_of_person(of_thunder, of_fields, options)
    return Person(rows_of(fused), round(chance, 3), lies(np.asarray(reading.thunder)))


def sight_of(look: Look, options: JudgeOptions) -> Sight:
    """Everybody of a picture, each once; candidates that were not read are doubtful."""
    people: list[Person] = []
    doubtful: list[Box] = list(look.unread)
    refused: list[Box] = []
    for reading in look.readings:
        person = judged(reading, options)
        if person.chance >= options.somebody:
            people.append(person)
        else:
            (doubtful if person.chance >= options.nobody else refused).append(reading.box)
    return Sight(look.size_wh, tuple(one_each(people)), tuple(doubtful), tuple(refused))


def one_each(people: Sequence[Person]) -> list[Person]:
    """Two candidates may lead to one person: the answer with the higher chances stays."""
    kept: list[Person] = []
    for person in sorted(people, key=lambda one: -float(one.array[:, 2].sum())):
        if not any(same_person(person.array, other.array, ONE_EACH, SURE) for other in kept):
            kept.append(person)
    return kept
