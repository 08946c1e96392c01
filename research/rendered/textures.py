"""Generated textures: noise, stripes, checks, planks, tiles, wood. uint8 (SIDE, SIDE, 3), RGB, that tile seamlessly."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SIDE = 256
Texture = NDArray[np.uint8]
Colour = NDArray[np.float64]
"""float64 (3,), RGB, 0 to 1."""


def colour(rng: Generator, saturation: float = 0.5, low: float = 0.05, high: float = 0.95) -> Colour:
    """A colour of at most this saturation; low, high: its value."""
    hue, much = rng.random(), saturation * rng.random() ** 1.5
    return np.array(colorsys.hsv_to_rgb(hue, much, rng.uniform(low, high)))


def noise(rng: Generator, octaves: tuple[int, ...] = (4, 8, 16, 32, 64), fall: float = 0.6) -> NDArray[np.float64]:
    """float64 (SIDE, SIDE), mean 0, about -1 to 1: sums of smooth noise that wraps round."""
    out = np.zeros((SIDE, SIDE))
    for k, cells in enumerate(octaves):
        grid = rng.uniform(-1, 1, (cells, cells))
        wrapped = np.pad(grid, 2, mode="wrap")
        big = cv2.resize(wrapped, None, fx=SIDE / cells, fy=SIDE / cells, interpolation=cv2.INTER_CUBIC)
        edge = 2 * SIDE // cells
        out += fall**k * big[edge : edge + SIDE, edge : edge + SIDE]
    return out


def _mix(a: Colour, b: Colour, share: NDArray[np.float64]) -> NDArray[np.float64]:
    return a + (b - a) * np.clip(share, 0, 1)[:, :, None]


def _grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return x, y


def plain(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    return _mix(a, b, 0.08 + 0.08 * noise(rng))


def mottled(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    return _mix(a, b, 0.5 + 0.8 * noise(rng))


def stripes(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    x, y = _grid()
    n, width = int(rng.integers(3, 22)), rng.uniform(0.2, 0.7)
    return _mix(a, b, (((x if rng.random() < 0.4 else y) * n) % 1 < width) * 1.0) + 0.03 * noise(rng)[:, :, None]


def checks(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    x, y = _grid()
    n = int(rng.integers(3, 16))
    return _mix(a, b, ((x * n) % 1 < 0.5) * 0.5 + ((y * n) % 1 < 0.5) * 0.5) + 0.03 * noise(rng)[:, :, None]


def dots(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    x, y = _grid()
    n, size = int(rng.integers(6, 20)), rng.uniform(0.15, 0.4)
    return _mix(a, b, (np.hypot((x * n) % 1 - 0.5, (y * n) % 1 - 0.5) < size) * 1.0)


def planks(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    x, y = _grid()
    n = int(rng.integers(4, 9))
    row = (x * n).astype(int)
    tone = rng.random((n, 2))[row, ((y + 0.37 * row) % 1 > 0.5) * 1]
    grain = cv2.blur(noise(rng, (32, 64, 128)), (1, 41))
    gap = ((x * n) % 1 < 0.02 * n / 4) | (np.abs((y + 0.37 * row) % 0.5) < 0.006)
    return _mix(a, b, tone * 0.7 + 0.35 * grain) * np.where(gap, 0.55, 1.0)[:, :, None]


def tiles(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    x, y = _grid()
    n = int(rng.integers(2, 7))
    tone = rng.random((n, n))[(y * n).astype(int), (x * n).astype(int)]
    gap = np.minimum((x * n) % 1, (y * n) % 1) < 0.035
    board = ((x * n).astype(int) + (y * n).astype(int)) % 2 if rng.random() < 0.3 else tone * 0.25
    return _mix(a, b, board + 0.1 * noise(rng)) * np.where(gap, rng.uniform(0.6, 1.2), 1.0)[:, :, None]


def bricks(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    x, y = _grid()
    row = (y * 16).astype(int)
    along = x * 6 + 0.5 * (row % 2)
    tone = rng.random((16, 7))[row, along.astype(int) % 6]
    gap = ((along % 1) < 0.05) | ((y * 16) % 1 < 0.12)
    return np.where(gap[:, :, None], 0.7 * a + 0.2, _mix(a, b, tone * 0.8 + 0.2 * noise(rng)))


def rug(rng: Generator, a: Colour, b: Colour) -> NDArray[np.float64]:
    """A carpet with a border and a pattern of four mirrored quarters."""
    quarter = cv2.resize(
        np.kron(rng.integers(0, 2, (10, 10)), np.ones((3, 3))), (SIDE // 2, SIDE // 2), interpolation=0
    )
    half = np.concatenate((quarter, quarter[:, ::-1]), 1)
    x, y = _grid()
    border = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    pattern = np.concatenate((half, half[::-1]), 0) * 1.0
    pattern[border < 0.12] = ((border * 40) % 1 < 0.5)[border < 0.12]
    return _mix(a, b, pattern) + 0.04 * noise(rng, (64, 128))[:, :, None]


Make = Callable[[Generator, Colour, Colour], NDArray[np.float64]]
CLOTH: tuple[tuple[Make, float], ...] = ((plain, 5), (mottled, 1), (stripes, 1.6), (checks, 1), (dots, 0.5))
FLOOR: tuple[tuple[Make, float], ...] = (
    (planks, 3),
    (tiles, 2.5),
    (mottled, 1.2),
    (plain, 1.5),
    (checks, 0.5),
    (rug, 0.5),
)
WALL: tuple[tuple[Make, float], ...] = (
    (plain, 5),
    (mottled, 0.6),
    (stripes, 0.8),
    (tiles, 0.8),
    (bricks, 0.6),
    (dots, 0.2),
)
WOOD: tuple[tuple[Make, float], ...] = ((planks, 1), (plain, 2), (mottled, 0.3))


def texture(rng: Generator, kinds: tuple[tuple[Make, float], ...], a: Colour, b: Colour) -> Texture:
    """One of the kinds, by weight, in these two colours."""
    weights = np.array([weight for _, weight in kinds])
    make = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))][0]
    return finish(make(rng, a, b))


def finish(values: NDArray[np.float64]) -> Texture:
    """RGB 0 to 1 into uint8."""
    return np.clip(values * 255, 0, 255).astype(np.uint8)


def poster(rng: Generator) -> Texture:
    """What hangs on a wall: blurred patches of colour, no people."""
    small = rng.uniform(0, 1, (int(rng.integers(2, 9)), int(rng.integers(2, 9)), 3))
    big = cv2.resize(small, (SIDE, SIDE), interpolation=int(rng.choice([cv2.INTER_NEAREST, cv2.INTER_CUBIC])))
    frame = int(rng.integers(0, 24))
    out = np.asarray(big + 0.08 * noise(rng)[:, :, None])
    if frame:
        out[:frame], out[-frame:], out[:, :frame], out[:, -frame:] = (rng.uniform(0, 1, 3) for _ in range(4))
    return finish(out)
