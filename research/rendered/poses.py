"""How people stand, sit, kneel, crawl, slide, fall and lie: a pose drawn within a family, before it settles.

Sides are drawn apart and changed at random, so that no pose is symmetric by rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.random import Generator

from research.rendered.joints import JOINTS, Angles, angles_of
from research.rendered.rotation import Matrix, about, about_z
from research.rendered.settle import Hold

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Pose:
    """angles: wanted. turn: of the trunk. hold: how firmly. seat: what the body rests on beside the floor, "chair",
    "sofa", "bed" or "" for nothing. forward: where the root is before the seat's front edge, body heights (negative:
    behind it). on_seat: whether what is over the seat starts above it."""

    family: str
    angles: Angles
    turn: Matrix
    hold: Hold
    seat: str = ""
    forward: float = 0.0
    on_seat: bool = False


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of poses.toml, which says what each field means."""

    share: float
    pitch_deg: Range
    roll_deg: Range
    hold: Hold
    joints: dict[str, Range]
    seat: tuple[str, ...] = ("",)
    forward: Range = (0.0, 0.0)
    on_seat: bool = False
    towards: bool = False


def read_families() -> dict[str, Family]:
    """The families by name, in the file's order, which the drawing depends on."""
    return msgspec.toml.decode(Path(__file__).with_name("poses.toml").read_bytes(), type=dict[str, Family])


FAMILIES = read_families()


def draw_pose(rng: Generator, family: str = "") -> Pose:
    """A pose of this family, or of one drawn by its share. KeyError for a family that is none."""
    if not family:
        shares = np.array([one.share for one in FAMILIES.values()])
        family = str(rng.choice(list(FAMILIES), p=shares / shares.sum()))
    kind = FAMILIES[family]
    swap = rng.random() < 0.5
    degrees: dict[str, float] = {}
    for joint in JOINTS:
        side, name = (joint.name[:1], joint.name[2:]) if joint.name[:2] in ("l_", "r_") else ("", joint.name)
        own = {"l": "r", "r": "l"}[side] if swap and side else side
        ends = kind.joints.get(f"{own}_{name}") or kind.joints.get(name)
        if ends is None:
            ends = (joint.rest_deg - 8, joint.rest_deg + 8)
        degrees[joint.name] = _between(rng, ends)
    turn = about((1, 0, 0), np.deg2rad(_between(rng, kind.pitch_deg)))
    roll = _between(rng, kind.roll_deg) * (1 if rng.random() < 0.5 else -1)
    turn = turn @ about((0, 0, 1), np.deg2rad(roll))
    if kind.towards:
        turn = about_z(np.pi) @ turn
    seat = str(rng.choice(kind.seat))
    return Pose(family, angles_of(degrees), turn, kind.hold, seat, _between(rng, kind.forward), kind.on_seat)


def _between(rng: Generator, ends: Range) -> float:
    return float(rng.uniform(*ends))
