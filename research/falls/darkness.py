"""Pictures as they would be at night: grey, darker, noisy, and as a camera with infrared lamps gives them.

Computed from pictures taken by day, so that the same fall is judged twice. What they leave out: a real camera's longer
exposure (motion blur), its noise reduction and its own gain.
"""

from __future__ import annotations

import zlib

import cv2
import numpy as np

from edgepose.replay.found import Change
from edgepose.types import FloatArray, Image

STOPS, SIGMA = 3, 8.0
GAMMA = 2.2  # of the picture's numbers over light
IR_BGR = (0.05, 0.15, 0.80)  # near infrared follows red more than the eye does
IR_CORNERS = 0.25  # of the lamps' light that reaches the corners, as a share of that in the middle
IR_CLOTH = 0.55  # dyes hardly matter in infrared: cloth tends to one bright tone


def grey(image: Image, seq: int) -> Image:
    return _three_channels(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def darker(image: Image, seq: int) -> Image:
    """An eighth of the light, as a camera without gain would show it."""
    tones = 255 * (np.arange(256) / 255) * 2 ** (-STOPS / GAMMA)
    return cv2.LUT(image, np.rint(tones).astype(np.uint8))


def noisy(image: Image, seq: int) -> Image:
    """Sensor noise of SIGMA in every channel by itself."""
    return _rounded(image + SIGMA * _noise(image, seq, image.shape))


def infrared(image: Image, seq: int) -> Image:
    """Lamps beside the lens light the middle, tones are compressed, colours are gone, half the noise."""
    h, w = image.shape[:2]
    light = (image.astype(np.float32) / 255) ** GAMMA @ np.array(IR_BGR, np.float32)
    tones = IR_CLOTH * np.sqrt(light) + (1 - IR_CLOTH) * light
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j].astype(np.float32)
    lamp = 1 - (1 - IR_CORNERS) * (x * x + y * y) / 2
    seen = 255 * (tones * lamp) ** (1 / GAMMA)
    return _three_channels(_rounded(seen + SIGMA / 2 * _noise(image, seq, (h, w))))


def night(image: Image, seq: int) -> Image:
    """Grey, darker and noisy at once; the noise is one plane, as a grey sensor has."""
    dark = darker(grey(image, seq), seq)[..., 0]
    return _three_channels(_rounded(dark + SIGMA * _noise(image, seq, dark.shape)))


def _noise(image: Image, seq: int, shape: tuple[int, ...]) -> FloatArray:
    """Standard normal, the same again for the same picture and frame number."""
    return np.random.default_rng((zlib.crc32(image.tobytes()), seq)).standard_normal(shape, np.float32)


def _three_channels(plane: Image) -> Image:
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)


def _rounded(values: FloatArray) -> Image:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


CHANGES = {
    "day": None,
    "night": Change(f"night {STOPS} {SIGMA}", night),
    "infrared": Change(f"infrared {IR_BGR} {IR_CORNERS} {IR_CLOTH} {SIGMA}", infrared),
    "grey": Change("grey", grey),
    "three stops darker": Change(f"darker {STOPS}", darker),
    "sensor noise": Change(f"noisy {SIGMA}", noisy),
}
