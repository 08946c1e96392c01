"""One look into a scene: where the camera hangs and what lights the room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from research.rendered.camera import Camera, look_at
from research.rendered.scene import TRIES, Scene

SIZES = ((640, 480), (640, 480), (640, 360), (848, 480), (480, 640), (512, 512))

INFRARED = 0.25
"""Share of views lit from the camera."""


@dataclass(frozen=True)
class Light:
    """at: metres; colour: RGB, how strong; around: RGB, light from everywhere; infrared: lit from the camera."""

    at: tuple[float, float, float]
    colour: tuple[float, float, float]
    around: tuple[float, float, float]
    infrared: bool = False


@dataclass(frozen=True, eq=False)
class View:
    """A camera and the light."""

    camera: Camera
    light: Light


def draw_view(rng: Generator, scene: Scene) -> View:
    """A camera 1 to 3 m high inside the room that looks at somebody, or where somebody could be."""
    camera = _hang(rng, scene)
    return View(camera, _light(rng, scene, camera))


def _hang(rng: Generator, scene: Scene) -> Camera:
    size = SIZES[int(rng.integers(len(SIZES)))]
    person = scene.people[int(rng.integers(len(scene.people)))].keypoints if scene.people else None
    target = np.array([*scene.middle, rng.uniform(0.0, 1.0)])
    if person is not None:
        target = person.mean(0) + rng.normal(0, 0.25, 3)
    best, at = -np.inf, np.array([0.0, 0.0, scene.room.height - 0.2])
    wanted = float(rng.uniform(1.7, 5.5))
    for _ in range(TRIES):
        there = _somewhere(rng, scene, target, wanted)
        if there is None:
            continue
        off = abs(float(np.linalg.norm(there[:2] - target[:2])) - wanted)
        clear = min((float(np.linalg.norm(p.skin - there, axis=1).min()) for p in scene.people), default=1.0)
        score = min(clear, 0.9) - 0.3 * off
        if person is not None:
            score += min(_in_sight(scene, there, person), 0.6)
        if score > best:
            best, at = score, there
    barrel = float(rng.uniform(0.05, 0.35)) if rng.random() < 0.4 else 0.0
    wide = float(rng.uniform(65, 100) if barrel else rng.uniform(42, 82)) * (0.75 if size[0] < size[1] else 1.0)
    return look_at(at, target, size, wide, float(rng.normal(0, 3.0)), barrel)


def _somewhere(rng: Generator, scene: Scene, target: NDArray[np.float64], wanted: float) -> NDArray[np.float64] | None:
    """A place about this far from the target; None inside furniture."""
    half = np.array([scene.room.width, scene.room.depth]) / 2 - 0.08
    angle = rng.uniform(0, 2 * np.pi)
    xy = np.clip(target[:2] + wanted * np.array([np.cos(angle), np.sin(angle)]), -half, half)
    height = float(rng.uniform(1.0, 1.8) if rng.random() < 0.4 else rng.uniform(1.8, 3.0))
    there = np.array([*xy, min(height, scene.room.height - 0.1)])
    inside = any(b.holds(there[None], 0.2).any() for piece in scene.pieces for b in piece.boxes)
    return None if inside else there


def _in_sight(scene: Scene, at: NDArray[np.float64], points: NDArray[np.float64]) -> float:
    """Share of the points that no furniture hides from a place."""
    free = np.ones(len(points), bool)
    for piece in scene.pieces:
        for box in piece.boxes:
            free &= ~box.hides(at, points)
    return float(free.mean())


def _light(rng: Generator, scene: Scene, camera: Camera) -> Light:
    if rng.random() < INFRARED:
        strength = float(rng.uniform(0.9, 1.8))
        around = float(rng.uniform(0.02, 0.12))
        return Light(tuple(camera.at + np.array([0, 0, 0.05])), (strength,) * 3, (around,) * 3, infrared=True)
    warm = float(rng.uniform(0.55, 1.0))
    strength = float(rng.uniform(0.5, 1.4))
    at = rng.uniform(-0.4, 0.4, 2) * (scene.room.width, scene.room.depth)
    around = float(rng.uniform(0.25, 0.65))
    tint = rng.uniform(0.9, 1.1, 3)
    return Light(
        (float(at[0]), float(at[1]), scene.room.height - 0.08),
        (strength, strength * (0.5 + 0.5 * warm), strength * warm),
        tuple(float(v) for v in around * tint),
    )
