"""Rotations as 3 x 3 matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def about(axis: Vector | tuple[float, float, float], angle_rad: float) -> Matrix:
    """Right-handed turn about an axis, which need not be of length 1 (Rodrigues' formula)."""
    unit = np.asarray(axis, np.float64)
    unit = unit / np.linalg.norm(unit)
    cross = np.array([[0, -unit[2], unit[1]], [unit[2], 0, -unit[0]], [-unit[1], unit[0], 0]])
    return np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * cross @ cross


def about_z(angle_rad: float) -> Matrix:
    """Turn about the vertical, counter-clockwise seen from above."""
    return about((0.0, 0.0, 1.0), angle_rad)
