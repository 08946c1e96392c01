"""A body's surfaces at rest: skin, clothes, shoes and hair, in generated colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from research.rendered import textures
from research.rendered.body import Body
from research.rendered.garments import Garment
from research.rendered.rig import Points

SUITS = {True: "male_", False: "female_"}
HAIR = {
    True: ("short01", "short02", "short03", "short04", "afro01"),
    False: ("bob01", "bob02", "long01", "ponytail01", "braid01", "short03"),
}
HAIR_COLOURS = (
    (0.06, 0.05, 0.04),
    (0.2, 0.12, 0.07),
    (0.4, 0.27, 0.14),
    (0.75, 0.6, 0.35),
    (0.8, 0.8, 0.78),
    (0.55, 0.55, 0.54),
)
SKIN_LIGHT, SKIN_DARK = np.array([0.93, 0.72, 0.6]), np.array([0.2, 0.11, 0.07])
BLUSH = np.array([1.0, 0.93, 0.9])


@dataclass(frozen=True, eq=False)
class Part:
    """One surface at rest: points (N, 3), weights (N, B), faces (F, 3), uv (F, 3, 2)."""

    points: Points
    weights: NDArray[np.float64]
    faces: NDArray[np.int64]
    uv: NDArray[np.float64]
    texture: textures.Texture
    gloss: float


def dress(
    rng: Generator, body: Body, wardrobe: Mapping[str, Garment]
) -> tuple[list[Part], tuple[Points, NDArray[np.float64]] | None]:
    """The surfaces of a dressed body, and the soles of its shoes with what moves them, None where it has none."""
    suits = [name for name in wardrobe if name.startswith(SUITS[body.man])]
    hair = [name for name in HAIR[body.man] if name in wardrobe]
    shoes = [name for name in wardrobe if name.startswith("shoes")]
    parts: list[Part] = []
    hidden: list[NDArray[np.int64]] = []
    soles = None
    if suits:
        suit = wardrobe[str(rng.choice(suits))]
        hidden.append(suit.hides)
        parts += _split(rng, body, suit)
    if shoes and rng.random() < 0.75:
        shoe = wardrobe[str(rng.choice(shoes))]
        hidden.append(shoe.hides)
        part = _part(body, shoe, _cloth(rng, 0.3), 0.4)
        parts.append(part)
        some = np.argsort(part.points[:, 2])[: len(part.points) // 3 : 12]
        soles = part.points[some], part.weights[some]
    if hair and rng.random() < (0.85 if body.man else 0.97):
        parts.append(_part(body, wardrobe[str(rng.choice(hair))], _hair(rng, body), 0.35))
    parts += _skin(rng, body, np.concatenate(hidden) if hidden else np.zeros(0, np.int64))
    return parts, soles


def _part(body: Body, garment: Garment, texture: textures.Texture, gloss: float) -> Part:
    points, weights = garment.fit(body.vertices, body.weights)
    return Part(points, weights, garment.faces, garment.uv[garment.face_uv], texture, gloss)


def _split(rng: Generator, body: Body, suit: Garment) -> list[Part]:
    """A suit in two colours, above and below the waist, or in one."""
    whole = _part(body, suit, _cloth(rng), 0.08)
    if rng.random() < 0.2:
        return [whole]
    waist = body.rig.heads[0, 2] + rng.uniform(-0.02, 0.09) * body.height / 1.7
    above = whole.points[whole.faces].mean(1)[:, 2] > waist
    return [
        Part(whole.points, whole.weights, whole.faces[here], whole.uv[here], texture, whole.gloss)
        for here, texture in ((above, whole.texture), (~above, _cloth(rng, 0.35)))
        if here.any()
    ]


def _cloth(rng: Generator, saturation: float = 0.8) -> textures.Texture:
    a = textures.colour(rng, saturation)
    b = textures.colour(rng, saturation) if rng.random() < 0.5 else np.clip(a * rng.uniform(0.4, 1.6), 0, 1)
    return textures.texture(rng, textures.CLOTH, a, b)


def _hair(rng: Generator, body: Body) -> textures.Texture:
    grey = body.age > 0.85 and rng.random() < 0.8
    a = np.array(HAIR_COLOURS[int(rng.integers(4, 6) if grey else rng.integers(0, 4))]) * rng.uniform(0.7, 1.15)
    strands = textures.noise(rng, (64, 128), 0.9)
    return textures.finish(a * (1 + 0.35 * strands)[:, :, None])


def _skin(rng: Generator, body: Body, hidden: NDArray[np.int64]) -> list[Part]:
    """Skin, and the darker parts of a face: eyes, brows, lips."""
    keep = ~np.isin(body.faces, hidden).all(1)
    tone = SKIN_LIGHT + (SKIN_DARK - SKIN_LIGHT) * rng.beta(0.9, 1.6)
    patches = np.clip(0.5 + 0.5 * textures.noise(rng, (4, 8, 16)), 0, 1)[:, :, None]
    grain = 1 + 0.05 * textures.noise(rng, (64, 128))[:, :, None]
    plain = textures.finish(tone * (1 + (BLUSH - 1) * patches) * grain)
    lips = textures.finish(np.broadcast_to(tone * (0.85, 0.6, 0.6), plain.shape))
    dark = textures.finish(np.broadcast_to(np.minimum(tone * 0.4, rng.uniform(0.05, 0.35)), plain.shape))
    eyes, mouth = _features(body)
    return [
        Part(body.vertices, body.weights, body.faces[here], body.uv[body.face_uv[here]], look, gloss)
        for here, look, gloss in ((keep & ~eyes & ~mouth, plain, 0.25), (eyes, dark, 0.5), (mouth, lips, 0.3))
        if here.any()
    ]


def _features(body: Body) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool (F,): which faces are eyes and brows, which are lips."""
    scale = body.height / 1.7
    keypoints = body.keypoints @ body.vertices
    middles = body.vertices[body.faces].mean(1)
    eyes = np.zeros(len(body.faces), bool)
    for eye in keypoints[1:3]:
        off = (middles - eye) / scale
        eyes |= (np.abs(off[:, 0]) < 0.011) & (np.abs(off[:, 2]) < 0.005) & (off[:, 1] < 0.03)
        eyes |= (np.abs(off[:, 0]) < 0.021) & (np.abs(off[:, 2] - 0.021) < 0.005) & (off[:, 1] < 0.03)
    off = (middles - keypoints[0]) / scale
    return eyes, (np.abs(off[:, 0]) < 0.022) & (np.abs(off[:, 2] + 0.045) < 0.009) & (off[:, 1] < 0.035)
