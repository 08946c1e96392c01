"""A camera: where it hangs, how it is turned, what its lens does. Pixel (0, 0) is the centre of the top-left pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.rendered.rotation import Matrix, about

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Camera:
    """turn: float64 (3, 3), rows are right, down, forward in the world. at: (3,), metres. focal_px: of the pinhole.
    barrel: radial distortion; a point at r of the picture (half a diagonal is 1) comes from r (1 + barrel r^2)."""

    turn: Matrix
    at: Points
    size_wh: tuple[int, int]
    focal_px: float
    barrel: float = 0.0

    @property
    def _centre(self) -> Points:
        return (np.array(self.size_wh, np.float64) - 1) / 2

    @property
    def _half_diagonal(self) -> float:
        return float(np.hypot(*self.size_wh)) / 2

    def pinhole(self, points: Points) -> tuple[Points, NDArray[np.float64]]:
        """Pixels (N, 2) without the lens's distortion, and depth (N,) along the view, metres."""
        local = (points - self.at) @ self.turn.T
        depth = local[:, 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        return local[:, :2] / safe[:, None] * self.focal_px + self._centre, depth

    def project(self, points: Points) -> tuple[Points, NDArray[np.float64]]:
        """Pixels (N, 2) in the picture, and depth (N,); NaN for what is behind the camera."""
        flat, depth = self.pinhole(points)
        flat[depth <= 0.01] = np.nan
        return self.distort(flat), depth

    def distort(self, flat: Points) -> Points:
        """Where pinhole pixels (N, 2) come to lie in the picture: r_flat = r (1 + barrel r^2), solved by Newton."""
        off = flat - self._centre
        wanted = np.linalg.norm(off, axis=-1) / self._half_diagonal
        r = np.minimum(wanted, 1.5)
        for _ in range(12):
            r = r - (r * (1 + self.barrel * r * r) - wanted) / (1 + 3 * self.barrel * r * r)
        return self._centre + off * (r / np.maximum(wanted, 1e-9))[..., None]

    def undistort(self, pixels: Points) -> Points:
        """Pinhole pixels (..., 2) that show in the picture's pixels."""
        off = pixels - self._centre
        r = np.linalg.norm(off, axis=-1) / self._half_diagonal
        return self._centre + off * (1 + self.barrel * r * r)[..., None]

    def wide_size(self) -> tuple[int, int]:
        """Width and height of the pinhole picture that the distorted one is cut from."""
        stretch = 1 + self.barrel
        return int(np.ceil(self.size_wh[0] * stretch)), int(np.ceil(self.size_wh[1] * stretch))


def look_at(
    at: Points, target: Points, size_wh: tuple[int, int], width_deg: float, roll_deg: float = 0.0, barrel: float = 0.0
) -> Camera:
    """A camera at a place that looks at a target. width_deg: its horizontal angle, before the distortion."""
    forward = (target - at) / np.linalg.norm(target - at)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= max(float(np.linalg.norm(right)), 1e-9)
    down = np.cross(forward, right)
    turn = about((0.0, 0.0, 1.0), np.deg2rad(roll_deg)) @ np.stack((right, down, forward))
    return Camera(turn, np.asarray(at, np.float64), size_wh, size_wh[0] / 2 / np.tan(np.deg2rad(width_deg) / 2), barrel)
