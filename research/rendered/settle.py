"""A posed body comes to rest: gravity pulls, floor, seats and its own limbs push, muscles hold the pose.

The least of  sum m z  +  k / 2 sum a depth^2  +  sum hold / 2 (angle - wanted)^2  is looked for by damped Gauss-Newton
steps over the joints and the root, angles kept within their limits. Weight is 1 altogether, so energies are metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.rendered.capsules import Capsule, nearest, pairs
from research.rendered.joints import HIGH, JOINTS, LOW, Angles
from research.rendered.rig import Placed, Points, Rig, place
from research.rendered.rotation import Matrix, Vector, about
from research.rendered.solids import Box, depths

PUSH = 700.0
"""Stiffness of skin and ground, 1/m: with a sixth of the body touching, it sinks in by a centimetre."""
PUSH_LIMBS = 15.0
STEPS = 45
DAMPING = 0.02
MAX_TURN, MAX_SHIFT = 0.12, 0.04
"""Of one step, radians and metres."""
ARMS = 0.15
"""Arms are held this much less firmly: they weigh less."""
SINK = 0.008
"""How deep the deepest point may stay, metres: flesh and carpet give way."""


@dataclass(frozen=True, eq=False)
class Resting:
    """What is settled: N points of the skin. points: (N, 3) at rest; weights: (N, B); masses: (N,), 1 altogether."""

    rig: Rig
    points: Points
    weights: NDArray[np.float64]
    masses: NDArray[np.float64]
    capsules: tuple[Capsule, ...] = ()


@dataclass(frozen=True)
class Hold:
    """How firmly a pose is held, metres per square radian: .002 is limp, 1 stands. root: the trunk's direction. place:
    friction with the ground, metres per square metre."""

    joints: float = 0.01
    root: float = 0.0
    place: float = 0.5


def settle(
    body: Resting,
    angles_deg: Angles,
    turn: Matrix,
    at: Vector,
    supports: Sequence[Box],
    hold: Hold,
    *,
    on_seat: bool = False,
) -> tuple[Angles, Matrix, Vector]:
    """Angles, root turn and root position at rest, nothing deeper than SINK.

    on_seat: whether it starts above the first support rather than beside it.
    """
    angles, wanted, turned, came = np.deg2rad(angles_deg), np.deg2rad(angles_deg), np.zeros(3), at
    start = _lowest(body, place(body.rig, angles_deg, turn, at), supports, on_seat=on_seat)
    at = at + np.array([0, 0, 0.01 - start])
    stiff = np.array(
        [hold.place] * 2
        + [0.0]
        + [hold.root] * 3
        + [hold.joints * (ARMS if "arm" in j.name or "elbow" in j.name else 1.0) for j in JOINTS]
    )
    for _ in range(STEPS):
        placed = place(body.rig, np.rad2deg(angles), turn, at)
        slope, bend = _ground(body, placed, at, supports)
        _limbs(body, placed, at, slope, bend)
        slope += stiff * np.concatenate((at - came, turned, angles - wanted))
        step = -np.linalg.solve(bend + np.diag(stiff + DAMPING), slope)
        step[:3] = np.clip(step[:3], -MAX_SHIFT, MAX_SHIFT)
        step[3:] = np.clip(step[3:], -MAX_TURN, MAX_TURN)
        at = at + step[:3]
        turned = turned + step[3:6]
        if (length := float(np.linalg.norm(step[3:6]))) > 0:
            turn = about(step[3:6], length) @ turn
        angles = np.clip(angles + step[6:], np.deg2rad(LOW), np.deg2rad(HIGH))
    placed = place(body.rig, np.rad2deg(angles), turn, at)
    return np.rad2deg(angles), turn, at + np.array([0, 0, -SINK - _lowest(body, placed, supports)])


def _moves(
    body: Resting, placed: Placed, points: Points, carried: NDArray[np.float64], at: Vector
) -> NDArray[np.float64]:
    """float64 (N, 3, 6 + J): how each point moves with the root's shift and turn and with each joint.

    carried: (N, B), how much each point moves with each bone.
    """
    n = len(points)
    out = np.zeros((n, 3, 6 + len(JOINTS)))
    out[:, :, :3] = np.eye(3)
    arm = points - at
    for k in range(3):
        out[:, :, 3 + k] = np.cross(np.eye(3)[k], arm)
    share = carried @ body.rig.descends()[list(body.rig.joints)].T.astype(np.float64)
    swept = np.cross(placed.axes[None], points[:, None] - placed.pivots[None])
    out[:, :, 6:] = (swept * share[:, :, None]).transpose(0, 2, 1)
    return out


def _ground(
    body: Resting, placed: Placed, at: Vector, supports: Sequence[Box]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and bend of gravity and of what the body rests on."""
    points = placed.move(body.points, body.weights)
    moves = _moves(body, placed, points, body.weights, at)
    deep, out = depths(points, supports)
    slope = body.masses @ moves[:, 2]
    touching = deep > 0
    along = np.einsum("ni,nid->nd", out[touching], moves[touching])
    push = PUSH / len(points)
    slope -= push * deep[touching] @ along
    return slope, push * along.T @ along


def _limbs(body: Resting, placed: Placed, at: Vector, slope: NDArray[np.float64], bend: NDArray[np.float64]) -> None:
    """Add what pushes limbs apart."""
    ends = [
        (placed.turns[c.bone] @ c.start + placed.shifts[c.bone], placed.turns[c.bone] @ c.end + placed.shifts[c.bone])
        for c in body.capsules
    ]
    for i, j in pairs() if body.capsules else ():
        one, other = nearest(*ends[i], *ends[j])
        apart = one - other
        distance = float(np.linalg.norm(apart))
        deep = body.capsules[i].radius + body.capsules[j].radius - distance
        if deep <= 0 or distance < 1e-6:
            continue
        carried = np.eye(len(body.rig.parents))[[body.capsules[i].bone, body.capsules[j].bone]]
        moves = _moves(body, placed, np.stack((one, other)), carried, at)
        along = apart / distance @ (moves[0] - moves[1])
        slope -= PUSH_LIMBS * deep * along
        bend += PUSH_LIMBS * np.outer(along, along)


def _lowest(body: Resting, placed: Placed, supports: Sequence[Box], *, on_seat: bool = False) -> float:
    """Height of the lowest point above what bears it, metres; a box bears what is above its top, or nearer to the top
    than to a side. on_seat: the first support bears everything over it."""
    points = placed.move(body.points, body.weights)
    heights = points[:, 2].copy()
    for k, box in enumerate(supports):
        at, (w, d, h) = box.local(points), box.size
        to_side = np.minimum(w / 2 - np.abs(at[:, 0]), d / 2 - np.abs(at[:, 1]))
        over = (to_side > 0) & ((h - at[:, 2] < to_side) | (on_seat and k == 0))
        heights[over] = np.minimum(heights[over], at[over, 2] - h)
    return float(heights.min())
