"""One picture of the set by its number: drawn, labelled and developed. It depends on (seed, number) alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from research.rendered import sensor
from research.rendered.annotate import Labelled
from research.rendered.body import Bodies
from research.rendered.draw import Drawn, Renderer
from research.rendered.garments import Garment
from research.rendered.scene import Scene, draw_scene
from research.rendered.view import View, draw_view
from research.rendered.visibility import visibility

VIEWS = 3
"""Pictures of one scene: making it costs more than looking at it."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """picture: uint8 (H, W, 3), BGR; people: with keypoints; drawn: with whose pixel is whose."""

    picture: sensor.Picture
    people: list[Labelled]
    drawn: Drawn
    quality: int
    infrared: bool


class Studio:
    """Renders pictures by their number. VIEWS pictures one after the other show one scene, which is made once."""

    def __init__(self, seed: int, bodies: Bodies, wardrobe: Mapping[str, Garment], renderer: Renderer) -> None:
        self._seed = seed
        self._bodies = bodies
        self._wardrobe = wardrobe
        self._renderer = renderer
        self._made = -1
        self._scene: Scene | None = None

    def render(self, number: int) -> Rendered:
        """Picture `number` of the set of this seed."""
        scene = self._scene_of(number // VIEWS)
        rng = np.random.default_rng((self._seed, number // VIEWS, 1 + number % VIEWS))
        view = draw_view(rng, scene)
        drawn = self._renderer.draw(view)
        picture = sensor.develop(drawn.colours, rng, infrared=view.light.infrared)
        return Rendered(picture, label(scene, view, drawn), drawn, sensor.jpeg_quality(rng), view.light.infrared)

    def _scene_of(self, number: int) -> Scene:
        if self._scene is None or self._made != number:
            self._scene = draw_scene(np.random.default_rng((self._seed, number)), self._bodies, self._wardrobe)
            self._renderer.load(self._scene)
            self._made = number
        return self._scene


def label(scene: Scene, view: View, drawn: Drawn) -> list[Labelled]:
    """The people of a scene with COCO's keypoints in pixels."""
    out = []
    for owner, person in enumerate(scene.people, 1):
        pixels, depths = view.camera.project(person.keypoints)
        seen = visibility(pixels, depths, owner, drawn.depth, drawn.owner, person.body.height)
        keypoints = np.column_stack((np.where(seen[:, None] > 0, pixels, 0.0), seen))
        out.append(Labelled(owner, person.family, keypoints))
    return out
