"""A person of sticks: directions of the limbs become joints in metres, standing on, or lying on, what is below.

Axes of the body: forward, left, up. A posture names where each limb points, so that postures can be mixed: half way
between standing and lying is a fall half done.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Array = NDArray[np.float64]

DOWN, UP, FORWARD, LEFT = (0.0, 0.0, -1.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)

# lengths in body heights: Drillis and Contini 1966; half widths of shoulders and hips
TORSO, THIGH, SHANK, UPPER_ARM, FOREARM, NECK = 0.288, 0.245, 0.246, 0.186, 0.146, 0.11
SHOULDER, HIP = 0.115, 0.06
ANKLE, THICKNESS = 0.039, 0.06  # height of an ankle over the sole, half thickness of a trunk


@dataclass(frozen=True)
class Posture:
    """Directions (forward, left, up) of the limbs from the hips outwards; r and l are the person's sides.

    lateral: from the right shoulder to the left one. seat: height in metres of what carries the hips, 0 the floor.
    """

    torso: Vector = UP
    head: Vector = UP
    lateral: Vector = LEFT
    r_thigh: Vector = DOWN
    r_shank: Vector = DOWN
    l_thigh: Vector = DOWN
    l_shank: Vector = DOWN
    r_arm: Vector = (0.05, -0.15, -1)
    r_forearm: Vector = (0.2, -0.05, -1)
    l_arm: Vector = (0.05, 0.15, -1)
    l_forearm: Vector = (0.2, 0.05, -1)
    seat: float = 0.0

    def array(self) -> Array:
        """(12, 3): the eleven directions, and the seat in the first place of the last row."""
        rows = [getattr(self, field.name) for field in fields(self)[:-1]]
        return np.array([*rows, (self.seat, 0, 0)], float)


def legs(posture: Posture, thigh: Vector, shank: Vector) -> Posture:
    """The posture with both legs bent alike."""
    return replace(posture, r_thigh=thigh, l_thigh=thigh, r_shank=shank, l_shank=shank)


def arms(posture: Posture, arm: Vector, forearm: Vector) -> Posture:
    """The posture with both arms alike, the left one mirrored."""
    left_arm, left_forearm = ((v[0], -v[1], v[2]) for v in (arm, forearm))
    return replace(posture, r_arm=arm, r_forearm=forearm, l_arm=left_arm, l_forearm=left_forearm)


STANDING = Posture()
SITTING = arms(legs(Posture(torso=(-0.08, 0, 1)), (1, 0, -0.05), (0.05, 0, -1)), (0.3, -0.1, -1), (1, 0, -0.2))
CROUCHING = arms(legs(Posture(torso=(0.55, 0, 0.85)), (0.9, 0, 0.35), (-0.5, 0, -0.85)), (0.6, 0, -1), (0.8, 0, -0.5))
BENDING = arms(Posture(torso=(0.95, 0, 0.1), head=(0.9, 0, -0.3)), (0.1, 0, -1), (0.1, 0, -1))
SITTING_BENT = replace(SITTING, torso=(0.95, 0, 0.25), head=(0.9, 0, -0.2), r_arm=DOWN, r_forearm=DOWN)
KNEELING = legs(Posture(), (0.1, 0, -1), (-1, 0, -0.1))
ON_ALL_FOURS = arms(legs(Posture(torso=(1, 0, 0.15), head=(1, 0, 0.3)), DOWN, (-1, 0, -0.1)), DOWN, DOWN)
SITTING_ON_FLOOR = arms(legs(Posture(torso=(-0.25, 0, 1)), (1, 0, 0.25), (1, 0, -0.25)), (-0.3, 0, -1), (-0.1, 0, -1))


def lying(side: Vector, face: str = "side") -> Posture:
    """Flat on the floor, head towards `side` (forward, left); face: up, down or side."""
    f, left, _ = side
    away = (-f, -left, 0.0)
    across = (-left, f, 0.0)
    lateral = {"up": (left, -f, 0.0), "down": across, "side": DOWN}[face]
    posture = Posture(torso=(f, left, 0.0), head=(f, left, 0.05), lateral=lateral)
    posture = legs(posture, (away[0], away[1], 0.05), away)
    return replace(posture, r_arm=away, r_forearm=away, l_arm=(across[0], across[1], 0.1), l_forearm=away)


def joints(directions: Array, height_m: float) -> Array:
    """(T, 18, 3) joints in metres in BodyPoseNet order from directions (T, 12, 3); the hips are the origin."""
    d = directions[:, :11] / np.maximum(np.linalg.norm(directions[:, :11], axis=2, keepdims=True), 1e-9)
    torso, head, lateral, r_thigh, r_shank, l_thigh, l_shank, r_arm, r_forearm, l_arm, l_forearm = d.swapaxes(0, 1)
    neck = TORSO * torso
    r_shoulder, l_shoulder = neck - SHOULDER * lateral, neck + SHOULDER * lateral
    r_elbow, l_elbow = r_shoulder + UPPER_ARM * r_arm, l_shoulder + UPPER_ARM * l_arm
    r_hip, l_hip = -HIP * lateral, HIP * lateral
    r_knee, l_knee = r_hip + THIGH * r_thigh, l_hip + THIGH * l_thigh
    middle = neck + NECK * head
    front = np.cross(lateral, head)
    eye = middle + 0.04 * front + 0.02 * head
    result = np.stack([
        middle + 0.06 * front, neck, r_shoulder, r_elbow, r_elbow + FOREARM * r_forearm, l_shoulder, l_elbow,
        l_elbow + FOREARM * l_forearm, r_hip, r_knee, r_knee + SHANK * r_shank, l_hip, l_knee, l_knee + SHANK * l_shank,
        eye - 0.02 * lateral, eye + 0.02 * lateral, middle - 0.045 * lateral, middle + 0.045 * lateral,
    ], axis=1)  # fmt: skip
    scaled: Array = height_m * result
    return scaled


def place(body: Array, seat_m: Array, height_m: float) -> Array:
    """Put the body (T, 18, 3) on the floor, or its hips on a seat once they have come down to it.

    seat_m: (T,) height of the seat. What carries the body does not slip.
    """
    clearance = np.full(18, THICKNESS * height_m)
    clearance[[10, 13]] = ANKLE * height_m
    clearance[[4, 7]] = 0.02
    over_lowest = (clearance - body[..., 2]).max(1)
    over_seat = np.where(seat_m > 0, seat_m + THICKNESS * height_m, 0.0)
    placed: Array = body.copy()
    placed[..., 2] += np.maximum(over_lowest, over_seat)[:, None]
    contact = np.where(over_seat > over_lowest, 8, (body[..., 2] - clearance).argmin(1))
    steps = np.zeros((len(body), 2))
    for i in range(1, len(body)):
        j = contact[i - 1]
        steps[i] = body[i - 1, j, :2] - body[i, j, :2]
    placed[..., :2] += np.cumsum(steps, 0)[:, None]
    return placed
