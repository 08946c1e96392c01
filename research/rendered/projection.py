"""Cameras as OpenGL's matrices, row 0 of the picture at the top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from research.rendered.camera import Camera

NEAR_M, FAR_M = 0.05, 25.0


def as_bytes(matrix: NDArray[np.float64]) -> bytes:
    """As GLSL reads it, by columns."""
    return np.ascontiguousarray(matrix.T).astype("f4").tobytes()


def projection(focal_px: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """OpenGL's, for a view of right, down, forward; row 0 of the picture at the top."""
    near, far = NEAR_M, FAR_M
    return np.array([
        [2 * focal_px / size[0], 0, 0, 0],
        [0, -2 * focal_px / size[1], 0, 0],
        [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)],
        [0, 0, 1, 0],
    ])  # fmt: skip


def view_of(camera: Camera, size: tuple[int, int]) -> NDArray[np.float64]:
    """float64 (4, 4): the world into clip space; the picture's middle is the view's middle."""
    pose = np.eye(4)
    pose[:3, :3] = camera.turn
    pose[:3, 3] = -camera.turn @ camera.at
    return projection(camera.focal_px, size) @ pose
