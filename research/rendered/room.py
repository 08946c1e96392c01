"""A generated room: floor, ceiling, four walls, and what is on them. Its floor's middle is at 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from research.rendered import textures
from research.rendered.mesh import Mesh, box, quad
from research.rendered.solids import Box


@dataclass(frozen=True)
class Room:
    """width (x), depth (y), height, metres."""

    width: float
    depth: float
    height: float

    def holds(self, xy: np.ndarray, margin: float = 0.0) -> bool:
        """Whether points (N, 2) are all within the walls."""
        return bool((np.abs(xy) < np.array([self.width, self.depth]) / 2 - margin).all())


def draw_room(rng: Generator) -> Room:
    """From a bathroom to a lounge."""
    return Room(float(rng.uniform(3.2, 8.0)), float(rng.uniform(3.2, 8.0)), float(rng.uniform(2.35, 3.3)))


def meshes(rng: Generator, room: Room) -> list[Mesh]:
    """The room's surfaces, and pictures, windows, doors and skirting boards on its walls."""
    w, d, h = room.width / 2, room.depth / 2, room.height
    floor = textures.texture(
        rng, textures.FLOOR, textures.colour(rng, 0.5, 0.2, 0.8), textures.colour(rng, 0.5, 0.2, 0.85)
    )
    scale = float(rng.uniform(0.4, 1.0))
    ground = np.array([[-w, -d, 0], [w, -d, 0], [w, d, 0], [-w, d, 0]], np.float64)
    white = textures.finish(textures.plain(rng, np.full(3, 0.9), np.full(3, 0.75)))
    out = [quad(ground, (2 * w * scale, 2 * d * scale), floor, gloss=float(rng.choice([0.05, 0.3, 0.7])))]
    out.append(quad(ground[::-1] + np.array([0, 0, h]), (2, 2), white))
    wall = textures.texture(
        rng, textures.WALL, textures.colour(rng, 0.35, 0.45, 0.95), textures.colour(rng, 0.4, 0.3, 0.95)
    )
    other = (
        wall
        if rng.random() < 0.6
        else textures.texture(
            rng, textures.WALL, textures.colour(rng, 0.6, 0.2, 0.9), textures.colour(rng, 0.4, 0.3, 0.95)
        )
    )
    board = textures.finish(textures.plain(rng, textures.colour(rng, 0.2, 0.2, 0.95), np.full(3, 0.6)))
    ends = ((-w, -d), (w, -d), (w, d), (-w, d))
    for k in range(4):
        a, b = np.array(ends[(k + 1) % 4]), np.array(ends[k])
        out += _wall(rng, a, b, h, other if k == 0 else wall, board, scale)
    return out


def _wall(
    rng: Generator,
    a: np.ndarray,
    b: np.ndarray,
    h: float,
    look: textures.Texture,
    board: textures.Texture,
    scale: float,
) -> list[Mesh]:
    """A wall from a to b, seen from where a is to the left."""
    length = float(np.linalg.norm(b - a))
    along, inward = (b - a) / length, np.array([(b - a)[1], -(b - a)[0]]) / length
    if inward @ ((a + b) / 2) > 0:
        inward = -inward

    def sheet(x0: float, x1: float, z0: float, z1: float, off: float) -> np.ndarray:
        foot = [a + along * x + inward * off for x in (x0, x1)]
        return np.array([[*foot[0], z0], [*foot[1], z0], [*foot[1], z1], [*foot[0], z1]])

    out = [quad(sheet(0, length, 0, h, 0), (length * scale, h * scale), look)]
    out.append(quad(sheet(0, length, 0, 0.09, 0.012), (length, 0.1), board))
    at = rng.uniform(0.1, 0.6)
    while at < length - 0.5:
        kind = rng.choice(["nothing", "poster", "window", "door", "radiator"], p=[0.3, 0.28, 0.2, 0.14, 0.08])
        wide = float(min(rng.uniform(0.4, 1.5), length - at - 0.1))
        if kind == "poster":
            z = rng.uniform(1.0, 1.5)
            out.append(
                quad(sheet(at, at + wide * 0.7, z, z + rng.uniform(0.3, 0.8), 0.02), (1, 1), textures.poster(rng))
            )
        elif kind == "window":
            low, high, day = rng.uniform(0.7, 1.1), h - rng.uniform(0.2, 0.6), rng.random() < 0.6
            view = textures.finish(
                textures.mottled(rng, np.array([0.75, 0.85, 0.95]), textures.colour(rng, 0.4, 0.3, 0.9))
            )
            out.append(
                quad(sheet(at, at + wide, low, high, 0.015), (0.6, 0.6), view, glow=1.2 if day else 0.05, gloss=0.6)
            )
            frame = [(at - 0.05, at, low, high), (at + wide, at + wide + 0.05, low, high)]
            frame += [
                (at - 0.05, at + wide + 0.05, low - 0.05, low),
                (at + wide / 2 - 0.02, at + wide / 2 + 0.02, low, high),
            ]
            out += [quad(sheet(x0, x1, z0, z1, 0.03), (1, 1), board) for x0, x1, z0, z1 in frame]
        elif kind == "door":
            wide = min(rng.uniform(0.8, 1.0), length - at)
            leaf = textures.texture(rng, textures.WOOD, textures.colour(rng, 0.5), textures.colour(rng, 0.4))
            out.append(quad(sheet(at, at + wide, 0, min(2.05, h - 0.05), 0.025), (1, 2), leaf, gloss=0.3))
        elif kind == "radiator":
            centre = a + along * (at + wide / 2) + inward * 0.07
            yaw = float(np.arctan2(along[1], along[0]))
            out += box(Box((float(centre[0]), float(centre[1]), 0.12), (wide, 0.1, 0.5), yaw), board, 4.0)
        at += wide + rng.uniform(0.2, 1.2)
    return out
