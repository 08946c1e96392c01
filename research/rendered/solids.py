"""What people rest on and furniture is made of: upright boxes, and how deep a point is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.rendered.rotation import about_z

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """An upright box. centre: of its bottom, metres. size: width, depth, height. yaw_rad: counter-clockwise."""

    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    yaw_rad: float = 0.0

    @property
    def top(self) -> float:
        return self.centre[2] + self.size[2]

    def local(self, points: Points) -> Points:
        """float64 (N, 3): points in the box's frame, its bottom's centre at 0."""
        return (points - self.centre) @ about_z(self.yaw_rad)

    def corners(self) -> Points:
        """float64 (8, 3): x slowest, z fastest."""
        w, d, h = self.size
        local = np.array([[x, y, z] for x in (-w / 2, w / 2) for y in (-d / 2, d / 2) for z in (0, h)])
        return local @ about_z(self.yaw_rad).T + self.centre

    def holds(self, points: Points, margin: float = 0.0) -> NDArray[np.bool_]:
        """bool (N,): which points are inside, or nearer than `margin`."""
        at, (w, d, h) = self.local(points), self.size
        inside = (np.abs(at[:, 0]) < w / 2 + margin) & (np.abs(at[:, 1]) < d / 2 + margin)
        return inside & (at[:, 2] > -margin) & (at[:, 2] < h + margin)

    def hides(self, eye: Points, points: Points) -> NDArray[np.bool_]:
        """bool (N,): which points the box hides from an eye (3,), its inside included (slabs)."""
        start, ends = self.local(eye[None])[0], self.local(points)
        low = np.array([-self.size[0] / 2, -self.size[1] / 2, 0.0])
        high = np.array([self.size[0] / 2, self.size[1] / 2, self.size[2]])
        ray = ends - start
        ray = np.where(np.abs(ray) < 1e-9, 1e-9, ray)
        one, two = (low - start) / ray, (high - start) / ray
        enter, leave = np.minimum(one, two).max(1), np.maximum(one, two).min(1)
        return (enter < leave) & (leave > 0) & (enter < 1)

    def moved(self, turn_rad: float, shift_xy: tuple[float, float]) -> Box:
        """The same box after turning about the world's vertical and shifting."""
        x, y, z = about_z(turn_rad) @ np.asarray(self.centre)
        return Box((x + shift_xy[0], y + shift_xy[1], z), self.size, self.yaw_rad + turn_rad)


def depths(points: Points, boxes: Sequence[Box]) -> tuple[NDArray[np.float64], Points]:
    """float64 (N,), (N, 3): how deep each point is under the floor (z = 0) or in the box it is deepest in, and the
    direction of the shortest way out, which never is down; 0 outside."""
    deep = np.maximum(-points[:, 2], 0.0)
    out = np.zeros_like(points)
    out[:, 2] = 1.0
    for box in boxes:
        at, (w, d, h) = box.local(points), box.size
        ways = np.stack((h - at[:, 2], w / 2 - np.abs(at[:, 0]), d / 2 - np.abs(at[:, 1])), 1)
        shortest = ways.argmin(1)
        inside = (ways > 0).all(1) & (at[:, 2] > 0)
        depth = np.where(inside, ways.min(1), 0.0)
        sides = np.zeros_like(points)
        sides[np.arange(len(at)), (shortest + 2) % 3] = 1.0  # top is z, then x, then y
        sides[:, :2] *= np.sign(at[:, :2])
        deeper = depth > deep
        out[deeper] = (sides @ about_z(box.yaw_rad).T)[deeper]
        deep = np.maximum(deep, depth)
    return deep, out
