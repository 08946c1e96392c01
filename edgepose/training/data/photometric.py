"""Augmentation of light: colour, low light, near infrared, blur, JPEG, noise, occluders. Labels stay as they are."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta
from numpy.random import Generator
from numpy.typing import NDArray

from edgepose.options import Options
from edgepose.types import Image


class LightOptions(Options, frozen=True):
    """Share of crops that each change touches, 0 to 1."""

    colour: Annotated[float, Meta(ge=0, le=1, description="brightness, contrast, channel gains")] = 0.6
    grey: Annotated[float, Meta(ge=0, le=1, description="grey as near infrared gives it, with its own tone curve")] = (
        0.15
    )
    low_light: Annotated[float, Meta(ge=0, le=1, description="dark and noisy")] = 0.1
    blur: Annotated[float, Meta(ge=0, le=1, description="slight defocus or motion; more costs joint precision")] = 0.1
    jpeg: Annotated[float, Meta(ge=0, le=1, description="compression at quality 30 to 90")] = 0.2
    occluder: Annotated[float, Meta(ge=0, le=1, description="a plain box over a part of the crop")] = 0.1


def relight(image: Image, rng: Generator, options: LightOptions) -> Image:
    """A changed copy of a crop, uint8 (H, W, 3) BGR."""
    if rng.random() < options.colour:
        image = _colour(image, rng)
    if rng.random() < options.grey:
        image = _near_infrared(image, rng)
    if rng.random() < options.low_light:
        image = _low_light(image, rng)
    if rng.random() < options.occluder:
        image = _occluder(image, rng)
    if rng.random() < options.blur:
        image = _blur(image, rng)
    if rng.random() < options.jpeg:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 91))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return image


def _table(image: Image, curve: NDArray[np.float64]) -> Image:
    """Apply a tone curve, (256,) or (256, 3), values 0..255."""
    table = np.clip(curve, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table if table.ndim == 1 else table[None])  # type: ignore[return-value]


def _colour(image: Image, rng: Generator) -> Image:
    x = np.arange(256.0)[:, None]
    gains = rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, 3)
    contrast = rng.uniform(0.7, 1.3)
    return _table(image, (x - 128) * contrast * gains + 128 + rng.uniform(-20, 20))


def _near_infrared(image: Image, rng: Generator) -> Image:
    """Cloth and skin look pale, and contrast is another, under infrared lamps: mix the channels anew."""
    weights = rng.dirichlet((1.0, 1.0, 2.0))
    grey = (image.astype(np.float32) @ weights.astype(np.float32)).clip(0, 255).astype(np.uint8)
    curve = 255 * (np.arange(256) / 255) ** rng.uniform(0.5, 1.6)
    return np.repeat(_table(grey, curve)[:, :, None], 3, 2)


def _low_light(image: Image, rng: Generator) -> Image:
    dark = image.astype(np.float32) * rng.uniform(0.15, 0.6)
    noise = rng.normal(0, rng.uniform(2, 8), image.shape)
    return (dark + noise).clip(0, 255).astype(np.uint8)


def _occluder(image: Image, rng: Generator) -> Image:
    h, w = image.shape[:2]
    bw, bh = rng.uniform(0.08, 0.25, 2) * (w, h)
    x, y = rng.uniform(0, w - bw), rng.uniform(0, h - bh)
    image = image.copy()
    image[int(y) : int(y + bh), int(x) : int(x + bw)] = rng.integers(0, 256, 3)
    return image


def _blur(image: Image, rng: Generator) -> Image:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5))  # type: ignore[return-value]
    n = int(rng.integers(3, 8))
    kernel = np.zeros((n, n), np.float32)
    end = rng.uniform(0, np.pi)
    middle = (n - 1) / 2
    tip = np.array((np.cos(end), np.sin(end))) * middle
    a, b = (np.round(middle - tip)).astype(int), (np.round(middle + tip)).astype(int)
    cv2.line(kernel, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())  # type: ignore[return-value]
