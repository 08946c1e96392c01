"""Everything in one room: people, furniture, surfaces; drawn from one generator. `view` looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from research.rendered import furniture, room
from research.rendered.body import Bodies
from research.rendered.furniture import Piece
from research.rendered.garments import Garment
from research.rendered.mesh import Mesh
from research.rendered.person import Person, make_person
from research.rendered.poses import draw_pose
from research.rendered.room import Room
from research.rendered.rotation import about_z

NOBODY = 0.1
"""Share of rooms without anybody."""
TRIES = 30


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn and what is labelled. middle: (2,), about where people are, metres."""

    room: Room
    meshes: tuple[Mesh, ...]
    people: tuple[Person, ...]
    pieces: tuple[Piece, ...]
    middle: NDArray[np.float64]


def draw_scene(rng: Generator, bodies: Bodies, wardrobe: Mapping[str, Garment]) -> Scene:
    """A scene of its own for each state of the generator."""
    place = room.draw_room(rng)
    pieces: list[Piece] = []
    people: list[Person] = []
    count = 0 if rng.random() < NOBODY else int(rng.choice([1, 2, 3], p=[0.62, 0.26, 0.12]))
    middle = rng.uniform(-0.28, 0.28, 2) * (place.width, place.depth)
    for _ in range(count):
        _add_person(rng, bodies, wardrobe, place, middle, people, pieces)
    _furnish(rng, place, people, pieces)
    meshes = room.meshes(rng, place)
    for piece in pieces:
        meshes += furniture.meshes(rng, piece)
    for _ in range(int(rng.integers(0, 3))):
        xy = middle + rng.uniform(-1.2, 1.2, 2)
        meshes.append(furniture.carpet(rng, (float(xy[0]), float(xy[1])), float(rng.uniform(0, 3))))
    for owner, person in enumerate(people, 1):
        meshes += person.meshes(owner)
    return Scene(place, tuple(meshes), tuple(people), tuple(pieces), middle)


def _add_person(
    rng: Generator, bodies: Bodies, wardrobe: Mapping[str, Garment], place: Room, middle: NDArray[np.float64],
    people: list[Person], pieces: list[Piece],
) -> None:  # fmt: skip
    """Somebody who rests somewhere near the middle, free of everything that is there; nobody when there is no room."""
    pose = draw_pose(rng)
    seat = furniture.MAKERS[pose.seat](rng) if pose.seat else None
    supports = furniture.supports_of(seat) if seat else ()
    person = make_person(rng, bodies, wardrobe, pose, supports)
    for attempt in range(TRIES):
        yaw = float(rng.uniform(0, 2 * np.pi))
        shift = middle + rng.normal(0, 0.3 + 0.06 * attempt, 2) * (1.0 if not people else 2.5)
        moved_seat = seat.moved(yaw, (float(shift[0]), float(shift[1]))) if seat else None
        there = person.moved(about_z(yaw), np.array([*shift, 0.0]), [b.moved(yaw, tuple(shift)) for b in supports])
        if _fits(there, moved_seat, place, people, pieces):
            people.append(there)
            if moved_seat is not None:
                pieces.append(moved_seat)
            return


def _fits(person: Person, seat: Piece | None, place: Room, people: list[Person], pieces: list[Piece]) -> bool:
    skin = person.skin
    if not place.holds(skin[:, :2], 0.05) or (seat is not None and not place.holds(seat.footprint(), 0.02)):
        return False
    for other in people:
        if _overlap(skin, other.skin) or (
            seat is not None and any(b.holds(other.skin, 0.02).any() for b in seat.boxes)
        ):
            return False
    boxes = [b for piece in pieces for b in piece.boxes]
    if any(b.holds(skin, 0.02).any() for b in boxes):
        return False
    return seat is None or not any(_boxes_meet(a, b) for a in seat.boxes for b in boxes)


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64], apart: float = 0.12) -> bool:
    """Whether two people's skins come nearer than this, metres."""
    low, high = np.maximum(a.min(0), b.min(0)) - apart, np.minimum(a.max(0), b.max(0)) + apart
    one = a[((a > low) & (a < high)).all(1)][::3]
    two = b[((b > low) & (b < high)).all(1)][::3]
    return len(one) > 0 and len(two) > 0 and bool((((one[:, None] - two[None]) ** 2).sum(2) < apart**2).any())


def _boxes_meet(a: furniture.Box, b: furniture.Box) -> bool:
    one, two = a.corners(), b.corners()
    return bool((one.min(0) < two.max(0)).all() and (two.min(0) < one.max(0)).all())


def _furnish(rng: Generator, place: Room, people: list[Person], pieces: list[Piece]) -> None:
    """Furniture along the walls and beside people, more of it on one side of them: some views see over it."""
    side_rad = rng.uniform(0, 2 * np.pi)
    front = np.array([np.cos(side_rad), np.sin(side_rad)])
    skins = [person.skin for person in people]
    kinds = list(furniture.MAKERS)
    for k in range(int(rng.integers(3, 10))):
        piece = furniture.MAKERS[str(rng.choice(kinds))](rng)
        for _ in range(8):
            yaw = float(rng.uniform(0, 2 * np.pi))
            if people and k < 3 and rng.random() < 0.7:
                near = skins[int(rng.integers(len(skins)))].mean(0)[:2]
                ahead = front * rng.uniform(0.35, 1.3) * (rng.random() < 0.45)
                xy = near + ahead + rng.normal(0, 0.55, 2)
            else:
                side, along = int(rng.integers(4)), rng.uniform(-0.9, 0.9)
                yaw = side * np.pi / 2
                reach = (place.depth if side % 2 == 0 else place.width) / 2 - 0.75
                out = about_z(yaw)[:2, :2] @ np.array(
                    [along * (place.width if side % 2 == 0 else place.depth) / 2, reach]
                )
                xy = out
            moved = piece.moved(yaw, (float(xy[0]), float(xy[1])))
            if not place.holds(moved.footprint(), 0.01):
                continue
            taken = [b for other in pieces for b in other.boxes]
            if any(b.holds(skin, 0.025).any() for b in moved.boxes for skin in skins):
                continue
            if any(_boxes_meet(a, b) for a in moved.boxes for b in taken):
                continue
            pieces.append(moved)
            break
