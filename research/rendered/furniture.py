"""Generated furniture: boxes put together, each piece standing on the floor with its front edge at y = 0 facing -y."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from research.rendered import textures
from research.rendered.mesh import Mesh, box, quad
from research.rendered.rotation import about_z
from research.rendered.solids import Box


@dataclass(frozen=True)
class Piece:
    """boxes: all of it; supports: the first are what somebody can rest on (seat, back). materials: per box."""

    kind: str
    boxes: tuple[Box, ...]
    materials: tuple[int, ...]

    def moved(self, turn_rad: float, shift_xy: tuple[float, float]) -> Piece:
        return Piece(self.kind, tuple(b.moved(turn_rad, shift_xy) for b in self.boxes), self.materials)

    def footprint(self) -> np.ndarray:
        """float64 (4, 2): xmin, ymin ... as corners of all boxes' bounds, for what is near walls."""
        corners = np.concatenate([b.corners()[:, :2] for b in self.boxes])
        return np.stack((corners.min(0), corners.max(0)))


def _legs(w: float, d: float, h: float, thick: float, z: float = 0.0) -> list[Box]:
    x, y = w / 2 - thick / 2, d - thick / 2
    return [Box((sx * x, yy, z), (thick, thick, h)) for sx in (-1, 1) for yy in (thick / 2, y)]


def chair(rng: Generator) -> Piece:
    w, d, h = rng.uniform(0.4, 0.55), rng.uniform(0.4, 0.5), rng.uniform(0.42, 0.5)
    back = rng.uniform(0.35, 0.55)
    boxes = [
        Box((0, d / 2, h - 0.06), (w, d, 0.06)),
        Box((0, d - 0.02, h), (w, 0.05, back)),
        *_legs(w, d, h - 0.06, 0.035),
    ]
    materials = [0, int(rng.integers(0, 2)), 1, 1, 1, 1]
    if rng.random() < 0.35:
        boxes += [Box((s * (w / 2 + 0.02), d / 2, h + 0.18), (0.05, d, 0.04)) for s in (-1, 1)]
        boxes += [Box((s * (w / 2 + 0.02), 0.05, 0), (0.035, 0.035, h + 0.18)) for s in (-1, 1)]
        materials += [1, 1, 1, 1]
    return Piece("chair", tuple(boxes), tuple(materials))


def sofa(rng: Generator) -> Piece:
    w, d, h = rng.uniform(0.8, 2.2), rng.uniform(0.5, 0.65), rng.uniform(0.36, 0.46)
    back, arm = rng.uniform(0.3, 0.5), rng.uniform(0.1, 0.22)
    boxes = (
        Box((0, d / 2, 0.04), (w, d, h - 0.04)), Box((0, d + 0.09, 0.04), (w + 2 * arm, 0.2, h + back)),
        Box((-(w + arm) / 2, d / 2, 0.04), (arm, d, h + 0.16)), Box(((w + arm) / 2, d / 2, 0.04), (arm, d, h + 0.16)),
    )  # fmt: skip
    return Piece("sofa", boxes, (0, 0, 0, 0))


def bed(rng: Generator) -> Piece:
    w, d, h = rng.uniform(1.9, 2.1), rng.uniform(0.85, 1.6), rng.uniform(0.4, 0.62)
    low = h - rng.uniform(0.15, 0.25)
    side = rng.choice([-1, 1])
    boxes = (
        Box((0, d / 2, low), (w, d, h - low)),
        Box((side * (w / 2 + 0.03), d / 2, 0), (0.05, d, h + rng.uniform(0.2, 0.6))),
        Box((0, d / 2, low - 0.12), (w, d - 0.02, 0.12)), *(b for b in _legs(w, d, low - 0.12, 0.07)),
        Box((side * (w / 2 - 0.25), d / 2, h), (0.4, min(0.7, d - 0.1), 0.1)),
    )  # fmt: skip
    return Piece("bed", boxes, (0, 1, 1, 1, 1, 1, 1, 2))


def table(rng: Generator) -> Piece:
    low = rng.random() < 0.35
    w, d = rng.uniform(0.6, 1.6), rng.uniform(0.5, 0.9)
    h = rng.uniform(0.35, 0.5) if low else rng.uniform(0.68, 0.78)
    boxes = [Box((0, d / 2, h - 0.04), (w, d, 0.04)), *_legs(w, d, h - 0.04, rng.uniform(0.03, 0.08))]
    for _ in range(int(rng.integers(0, 4))):
        size = rng.uniform(0.05, 0.25, 3)
        boxes.append(
            Box((rng.uniform(-0.35, 0.35) * w, d * rng.uniform(0.25, 0.75), h), tuple(size), rng.uniform(0, 3))
        )
    return Piece("table", tuple(boxes), (0, 1, 1, 1, 1) + (2,) * (len(boxes) - 5))


def cupboard(rng: Generator) -> Piece:
    w, d, h = rng.uniform(0.4, 1.6), rng.uniform(0.3, 0.6), rng.uniform(0.6, 2.1)
    n = int(rng.integers(1, 5))
    boxes = [Box((0, d / 2 + 0.01, 0), (w, d, h))]
    boxes += [Box(((k + 0.5) * w / n - w / 2, 0, 0.05), (w / n - 0.02, 0.02, h - 0.1)) for k in range(n)]
    return Piece("cupboard", tuple(boxes), (0,) + (1,) * n)


def carton(rng: Generator) -> Piece:
    w, d, h = rng.uniform(0.25, 0.7, 3)
    return Piece("carton", (Box((0, d / 2, 0), (w, d, h)),), (0,))


def walker(rng: Generator) -> Piece:
    """A walking frame: four legs, two handles, a bar."""
    w, d, h, t = rng.uniform(0.5, 0.62), rng.uniform(0.4, 0.55), rng.uniform(0.8, 0.92), 0.028
    boxes = [*_legs(w, d, h, t), Box((0, t / 2, h - 0.1), (w, t, t)), Box((0, t / 2, 0.4), (w, t, t))]
    boxes += [Box((s * (w - t) / 2, d / 2, h), (t, d, t)) for s in (-1, 1)]
    return Piece("walker", tuple(boxes), (1,) * len(boxes))


def shelf(rng: Generator) -> Piece:
    w, d, h = rng.uniform(0.6, 1.2), rng.uniform(0.25, 0.35), rng.uniform(0.9, 1.9)
    boxes = [Box((s * w / 2, d / 2, 0), (0.03, d, h)) for s in (-1, 1)]
    levels = np.linspace(0.05, h - 0.02, int(rng.integers(3, 6)))
    boxes += [Box((0, d / 2, float(z)), (w, d, 0.02)) for z in levels]
    materials = [0] * len(boxes)
    for z in levels[:-1]:
        for _ in range(int(rng.integers(0, 4))):
            size = (rng.uniform(0.05, 0.3), d * 0.7, rng.uniform(0.1, 0.25))
            boxes.append(Box((rng.uniform(-0.35, 0.35) * w, d / 2, float(z) + 0.02), size))
            materials.append(int(rng.integers(1, 3)))
    return Piece("shelf", tuple(boxes), tuple(materials))


MAKERS: dict[str, Callable[[Generator], Piece]] = {
    "chair": chair, "sofa": sofa, "bed": bed, "table": table, "cupboard": cupboard, "carton": carton, "walker": walker,
    "shelf": shelf,
}  # fmt: skip


def supports_of(piece: Piece) -> tuple[Box, ...]:
    """What somebody may rest on, solid down to the floor: the seat, then the back and the arms."""
    seat = piece.boxes[0]
    whole = Box((seat.centre[0], seat.centre[1], 0.0), (seat.size[0], seat.size[1], seat.top), seat.yaw_rad)
    return (whole, *(b for b in piece.boxes[1:4] if b.top > seat.top + 0.1))


def meshes(rng: Generator, piece: Piece) -> list[Mesh]:
    """The piece in colours of its own."""
    soft = textures.CLOTH if piece.kind in ("chair", "sofa", "bed") else textures.WOOD
    looks = [
        textures.texture(rng, kinds, textures.colour(rng, much), textures.colour(rng, much))
        for kinds, much in ((soft, 0.6), (textures.WOOD, 0.45), (textures.CLOTH, 0.8))
    ]
    gloss = float(rng.uniform(0.05, 0.5))
    return [m for b, k in zip(piece.boxes, piece.materials, strict=True) for m in box(b, looks[k], 1.3, gloss)]


def carpet(rng: Generator, at_xy: tuple[float, float], yaw_rad: float) -> Mesh:
    """A carpet, half a centimetre above the floor."""
    w, d = rng.uniform(0.8, 2.4), rng.uniform(0.6, 1.7)
    flat = np.array([[-w / 2, -d / 2, 0], [w / 2, -d / 2, 0], [w / 2, d / 2, 0], [-w / 2, d / 2, 0]])
    corners = flat @ about_z(yaw_rad).T + (*at_xy, 0.005)
    make = textures.rug if rng.random() < 0.5 else textures.mottled
    look = textures.finish(make(rng, textures.colour(rng, 0.8), textures.colour(rng, 0.8)))
    return quad(corners, (1, 1), look, gloss=0.0)
