"""A person ready to be drawn: a settled body with skin, clothes, shoes and hair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from research.rendered.body import Bodies, Body
from research.rendered.dress import Part, dress
from research.rendered.garments import Garment
from research.rendered.mesh import Mesh, smooth
from research.rendered.poses import Pose
from research.rendered.resting import resting_of
from research.rendered.rig import Placed, Points, place
from research.rendered.settle import settle
from research.rendered.solids import Box


@dataclass(frozen=True, eq=False)
class Person:
    """keypoints: float64 (17, 3), metres. points: (S, 3), the skin. supports: what it rests on."""

    family: str
    body: Body
    parts: tuple[Part, ...]
    placed: Placed
    supports: tuple[Box, ...]

    @property
    def keypoints(self) -> Points:
        """float64 (17, 3): COCO's keypoints, metres."""
        return self.body.keypoints @ self.placed.move(self.body.vertices, self.body.weights)

    @property
    def skin(self) -> Points:
        """float64 (S, 3), metres."""
        chosen = self.body.skin[::3]
        return self.placed.move(self.body.vertices[chosen], self.body.weights[chosen])

    def moved(self, turn: NDArray[np.float64], shift: NDArray[np.float64], supports: Sequence[Box]) -> Person:
        """The same person elsewhere, on the same ground."""
        placed = Placed(
            turn @ self.placed.turns, self.placed.shifts @ turn.T + shift, self.placed.axes, self.placed.pivots
        )
        return Person(self.family, self.body, self.parts, placed, tuple(supports))

    def meshes(self, owner: int) -> list[Mesh]:
        """What is drawn."""
        return [
            smooth(self.placed.move(part.points, part.weights), part.faces, part.uv, part.texture, owner, part.gloss)
            for part in self.parts
        ]


def make_person(
    rng: Generator, bodies: Bodies, wardrobe: Mapping[str, Garment], pose: Pose, supports: Sequence[Box]
) -> Person:
    """A dressed person settled in a pose on the floor and the supports, whose front edge is at y = 0."""
    body = bodies.draw(rng)
    parts, soles = dress(rng, body, wardrobe)
    start = np.array([0.0, -pose.forward * body.height, 0.6 * body.height])
    resting = resting_of(body, soles)
    angles, turn, at = settle(resting, pose.angles, pose.turn, start, supports, pose.hold, on_seat=pose.on_seat)
    return Person(pose.family, body, tuple(parts), place(body.rig, angles, turn, at), tuple(supports))
