"""Pictures of a synthetic scene: a grainy room and round-limbed people in it."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources.people import Scene, SceneOptions
from edgepose.types import FloatArray, Image

Colour = tuple[float, float, float]
Point = tuple[float, float]

_SUBPIXEL_BITS = 4
_SKIN, _HAIR = (140.0, 170.0, 215.0), (45.0, 55.0, 70.0)
_WALL, _FLOOR = (196, 201, 203), (120, 134, 146)
_HORIZON = 0.62
_FAR_SIDE = 0.75
"""Brightness of the limbs on the side that is turned away."""


class Painter:
    """Paints the people of one scene; keeps its room, which is the same in every picture."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._room = _room(scene.options)
        rng = np.random.default_rng(scene.options.seed)
        self._clothes = [(_colour(rng), _colour(rng)) for _ in range(scene.options.people)]

    def paint(self, t: float) -> Image:
        """The picture at second `t`, uint8 (H, W, 3) BGR, people from far to near."""
        image: Image = self._room.copy()
        for person, keypoints in enumerate(self._scene.figures(t)):
            _paint_person(image, keypoints, float(self._scene.height_px[person]), *self._clothes[person])
        return image


def _room(options: SceneOptions) -> Image:
    """Wall and floor with some grain, so that no two neighbouring pixels are quite alike."""
    picture = np.empty((options.height, options.width, 3), np.float32)
    horizon = int(_HORIZON * options.height)
    picture[:horizon] = _WALL
    picture[horizon:] = _FLOOR
    picture *= np.linspace(0.82, 1.06, options.width, dtype=np.float32)[None, :, None]
    picture += np.random.default_rng(options.seed).normal(0, 3, picture.shape)
    return np.asarray(picture.clip(0, 255), np.uint8)


def _colour(rng: np.random.Generator) -> Colour:
    blue, green, red = rng.uniform(40, 200, 3)
    return float(blue), float(green), float(red)


def _paint_person(image: Image, keypoints: FloatArray, height: float, shirt: Colour, trousers: Colour) -> None:
    at: dict[str, Point] = {
        name: (float(x), float(y))
        for name, (x, y, score) in zip(BODYPOSENET_18.keypoints, keypoints, strict=True)
        if score > 0
    }
    _paint_side(image, at, "l", height, _shade(shirt, _FAR_SIDE), _shade(trousers, _FAR_SIDE))
    _paint_torso(image, at, height, shirt)
    _paint_head(image, at, height)
    _paint_side(image, at, "r", height, shirt, trousers)


def _paint_side(image: Image, at: dict[str, Point], side: str, height: float, shirt: Colour, trousers: Colour) -> None:
    arm, leg = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")
    for joints, width, colour, end in ((leg, 0.075, trousers, _HAIR), (arm, 0.055, shirt, _SKIN)):
        for start, stop in pairwise(joints):
            _line(image, at[f"{side}_{start}"], at[f"{side}_{stop}"], width * height, colour)
        _disc(image, at[f"{side}_{joints[-1]}"], 0.5 * width * height, end)


def _paint_torso(image: Image, at: dict[str, Point], height: float, shirt: Colour) -> None:
    corners = [at[name] for name in ("r_shoulder", "l_shoulder", "l_hip", "r_hip")]
    for start, stop in pairwise((*corners, corners[0])):
        _line(image, start, stop, 0.07 * height, shirt)
    cv2.fillConvexPoly(image, np.array([_fixed(corner) for corner in corners]), shirt, cv2.LINE_AA, _SUBPIXEL_BITS)


def _paint_head(image: Image, at: dict[str, Point], height: float) -> None:
    ears_nose = np.array([at[name] for name in ("nose", "r_ear", "l_ear") if name in at])
    middle = ears_nose.mean(0)
    forward = np.array(at["nose"]) if "nose" in at else middle
    _line(image, at["neck"], _point(middle), 0.06 * height, _SKIN)
    _disc(image, _point(middle), 0.076 * height, _HAIR)
    _disc(image, _point(0.8 * middle + 0.2 * forward), 0.066 * height, _SKIN)
    for name in ("r_eye", "l_eye"):
        if name in at:
            _disc(image, at[name], 0.009 * height, _HAIR)


def _shade(colour: Colour, brightness: float) -> Colour:
    blue, green, red = colour
    return brightness * blue, brightness * green, brightness * red


def _point(xy: NDArray[np.float64]) -> Point:
    return float(xy[0]), float(xy[1])


def _fixed(point: Point) -> tuple[int, int]:
    """Pixels as OpenCV's fixed-point numbers."""
    return round(point[0] * 2**_SUBPIXEL_BITS), round(point[1] * 2**_SUBPIXEL_BITS)


def _line(image: Image, start: Point, stop: Point, width: float, colour: Colour) -> None:
    cv2.line(image, _fixed(start), _fixed(stop), colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL_BITS)


def _disc(image: Image, centre: Point, radius: float, colour: Colour) -> None:
    size = max(1, round(radius * 2**_SUBPIXEL_BITS))
    cv2.circle(image, _fixed(centre), size, colour, -1, cv2.LINE_AA, _SUBPIXEL_BITS)
