"""What a camera makes of a picture: exposure, tone, infrared, vignette, blur, noise, resolution, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def develop(picture: Picture, rng: Generator, *, infrared: bool) -> Picture:
    """uint8 (H, W, 3), BGR: the same picture as a cheap camera gives it. Nothing moves by more than half a pixel."""
    values = picture.astype(np.float32) / 255
    if infrared or rng.random() < 0.06:
        values = _grey(values, rng)
    else:
        values *= rng.uniform(0.88, 1.12, 3).astype(np.float32)
    gamma = float(np.exp(rng.normal(0, 0.2)))
    values = np.clip(values * rng.uniform(0.8, 1.25), 0, 1) ** gamma
    values = _contrast(values, rng)
    if infrared or rng.random() < 0.3:
        values = _vignette(values, rng)
    values = _blur(values, rng)
    values = _noise(values, rng, much=infrared or rng.random() < 0.2)
    out: Picture = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    return _coarse(out, rng)


def jpeg_quality(rng: Generator) -> int:
    """From a cheap camera's stream to a photo's."""
    return int(rng.integers(40, 96))


def _grey(values: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Dyes that differ to the eye are alike to infrared: channels mixed anew, brightened."""
    mix = rng.dirichlet((1.5, 2.0, 3.0)).astype(np.float32)
    grey = np.asarray(values @ mix) ** float(rng.uniform(0.6, 1.0))
    return np.repeat(grey[:, :, None], 3, 2)


def _contrast(values: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    low, high = rng.uniform(-0.04, 0.1), rng.uniform(0.85, 1.1)
    return np.clip((low + values * (high - low)), 0, 1).astype(np.float32)


def _vignette(values: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    h, w = values.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    r2 = ((x / w - 0.5) ** 2 + (y / h - 0.5) ** 2) * 2
    return values * (1 - float(rng.uniform(0.1, 0.6)) * r2)[:, :, None]


def _blur(values: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    sigma = float(rng.gamma(1.5, 0.35))
    if sigma > 0.25:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), min(sigma, 1.6)), np.float32)
    if rng.random() < 0.1:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        cv2.line(kernel, *((0, length // 2), (length - 1, length // 2)), 1.0)
        turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1)
        kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)))
        values = np.asarray(cv2.filter2D(values, -1, kernel / max(float(kernel.sum()), 1e-6)), np.float32)
    return values


def _noise(values: NDArray[np.float32], rng: Generator, *, much: bool) -> NDArray[np.float32]:
    """Of light (with the root of the signal) and of the chip; grey where the picture is."""
    strength = float(rng.gamma(2.0, 0.004 if not much else 0.01))
    grain = rng.standard_normal(values.shape, np.float32)
    if np.array_equal(values[:, :, 0], values[:, :, 1]):
        grain[:] = grain[:, :, :1]
    grain = 0.6 * grain + 0.6 * grain[:, :, 1:2]
    if rng.random() < 0.4:
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32) * 2
    return values + strength * grain * (0.4 + np.sqrt(np.clip(values, 0, 1)))


def _coarse(picture: Picture, rng: Generator) -> Picture:
    """Now and then a picture that was smaller before."""
    if rng.random() > 0.2:
        return picture
    h, w = picture.shape[:2]
    share = rng.uniform(0.4, 0.8)
    small = cv2.resize(picture, (int(w * share), int(h * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)
