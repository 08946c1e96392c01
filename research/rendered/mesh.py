"""Triangles with a texture, as they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.rendered.solids import Box
from research.rendered.textures import Texture

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """corners: float32 (F, 3, 3), metres; normals: the same; uv: float32 (F, 3, 2). owner: 1, 2 ... a person, 0 nobody.
    gloss: 0 dull to 1 shiny. glow: how much light it gives by itself. tint: colours are multiplied by it."""

    corners: NDArray[np.float32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    texture: Texture
    owner: int = 0
    gloss: float = 0.1
    glow: float = 0.0


def smooth(
    points: Points, faces: NDArray[np.int64], uv: NDArray[np.float64], texture: Texture, owner: int, gloss: float = 0.1
) -> Mesh:
    """A curved surface: normals are means over the faces round a vertex. uv: (F, 3, 2)."""
    corners = points[faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, faces[:, k], flat)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Mesh(corners.astype("f4"), normals[faces].astype("f4"), uv.astype("f4"), texture, owner, gloss)


def quad(corners: Points, repeat: tuple[float, float], texture: Texture, glow: float = 0.0, gloss: float = 0.1) -> Mesh:
    """A flat rectangle (4, 3), corners in order; the texture repeats along the first and the second edge."""
    order = np.array([[0, 1, 2], [0, 2, 3]])
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    normal /= np.linalg.norm(normal)
    uv = np.array([[0, 0], [repeat[0], 0], repeat, [0, repeat[1]]], "f4")[order]
    shape = corners[order].astype("f4")
    return Mesh(shape, np.broadcast_to(normal, shape.shape).astype("f4"), uv, texture, 0, gloss, glow)


_SIDES = ((0, 4, 5, 1), (6, 2, 3, 7), (2, 0, 1, 3), (4, 6, 7, 5), (1, 5, 7, 3), (2, 6, 4, 0))
"""Front, back, left, right, top, bottom, seen from outside, of Box.corners."""


def box(solid: Box, texture: Texture, per_metre: float = 1.0, gloss: float = 0.15) -> list[Mesh]:
    """The sides of a box; the texture repeats `per_metre` times."""
    corners = solid.corners()
    out = []
    for side in _SIDES:
        four = corners[list(side)]
        w, h = np.linalg.norm(four[1] - four[0]), np.linalg.norm(four[2] - four[1])
        out.append(quad(four, (float(w) * per_metre, float(h) * per_metre), texture, gloss=gloss))
    return out
