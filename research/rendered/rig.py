"""A body's bones: joint angles into where every vertex lies (linear blend skinning)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.rendered.joints import JOINTS, REST, Angles
from research.rendered.rotation import Matrix, Vector, about

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rig:
    """The B bones that bend, parents before children; bone 0 is the root.

    names: B. heads: float64 (B, 3), where each turns, resting. parents: -1 for the root. joints: per joint its bone.
    """

    names: tuple[str, ...]
    heads: Points
    parents: tuple[int, ...]
    joints: tuple[int, ...]

    def descends(self) -> NDArray[np.bool_]:
        """bool (B, B): [a, b] whether bone b moves with bone a."""
        out = np.eye(len(self.parents), dtype=bool)
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                out[:, bone] |= out[:, parent]
        return out


@dataclass(frozen=True, eq=False)
class Placed:
    """A posed rig. turns: float64 (B, 3, 3); shifts: float64 (B, 3): x at rest is turn @ x + shift now.
    axes, pivots: float64 (J, 3), each joint's axis and a point on it, now."""

    turns: NDArray[np.float64]
    shifts: Points
    axes: Points
    pivots: Points

    def move(self, points: Points, weights: NDArray[np.float64]) -> Points:
        """float64 (N, 3): resting points with weights (N, B), where they are now."""
        frames = np.concatenate((self.turns, self.shifts[:, :, None]), 2).reshape(len(self.turns), 12)
        blended = (weights @ frames).reshape(-1, 3, 4)
        return np.einsum("nij,nj->ni", blended[:, :, :3], points) + blended[:, :, 3]


def place(rig: Rig, angles_deg: Angles, root_turn: Matrix, root_at: Vector) -> Placed:
    """The rig bent by the angles, its root bone's head at `root_at`, turned by `root_turn`."""
    n = len(rig.parents)
    turns, shifts = np.zeros((n, 3, 3)), np.zeros((n, 3))
    axes, pivots = np.zeros((len(JOINTS), 3)), np.zeros((len(JOINTS), 3))
    bends = np.deg2rad(angles_deg - REST)
    of_bone: dict[int, list[int]] = {}
    for k, bone in enumerate(rig.joints):
        of_bone.setdefault(bone, []).append(k)
    for bone, parent in enumerate(rig.parents):
        turn = root_turn if parent < 0 else turns[parent]
        at = root_at if parent < 0 else turns[parent] @ rig.heads[bone] + shifts[parent]
        for k in of_bone.get(bone, []):
            axes[k], pivots[k] = turn @ np.asarray(JOINTS[k].axis) / np.linalg.norm(JOINTS[k].axis), at
            turn = turn @ about(JOINTS[k].axis, bends[k])
        turns[bone], shifts[bone] = turn, at - turn @ rig.heads[bone]
    return Placed(turns, shifts, axes, pivots)
