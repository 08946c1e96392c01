"""Zones: polygons of the picture with a policy, so that lying in bed is normal and the television is nobody."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from edgepose.errors import ConfigError
from edgepose.events.body import Body
from edgepose.options import Options

Policy = Literal["bed", "sofa", "ignore"]
Point = tuple[float, float]


class ZoneOptions(Options, frozen=True):
    """A part of the picture in which people are judged differently."""

    name: Annotated[str, Meta(min_length=1, description="name of the zone, as it appears in events")]
    policy: Annotated[
        Policy,
        Meta(
            description="bed, sofa: lying is normal, leaving them to the floor is not; ignore: nobody is judged there"
        ),
    ]
    polygon: Annotated[
        tuple[Point, ...],
        Meta(description="corners as x, y between 0 and 1 of the picture's width and height, in order"),
    ]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.polygon) < 3:
            raise ConfigError(f"zone {self.name!r} has {len(self.polygon)} corners; a polygon needs at least 3")
        for x, y in self.polygon:
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ConfigError(
                    f"zone {self.name!r} has a corner at ({x:g}, {y:g}), outside the picture; "
                    "give corners between 0 and 1 of its width and height"
                )
        crossing = _crossing(self.polygon)
        if crossing is not None:
            raise ConfigError(
                f"zone {self.name!r} crosses itself between corners {crossing[0] + 1} and {crossing[1] + 1}; "
                "list the corners in the order you would walk around it"
            )

    def contains(self, x: float, y: float) -> bool:
        """Whether a point in 0-1 picture coordinates lies inside; NaN lies nowhere."""
        inside = False
        x0, y0 = self.polygon[-1]
        for x1, y1 in self.polygon:
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                inside = not inside
            x0, y0 = x1, y1
        return inside


def zone_at(
    zones: Sequence[ZoneOptions], x_px: float, y_px: float, size_wh: tuple[float, float] | None
) -> ZoneOptions | None:
    """The first zone that holds a pixel, or None; without a picture size there are no zones."""
    if not zones or size_wh is None or not math.isfinite(x_px + y_px):
        return None
    x, y = x_px / size_wh[0], y_px / size_wh[1]
    return next((zone for zone in zones if zone.contains(x, y)), None)


def body_zone(zones: Sequence[ZoneOptions], body: Body, size_wh: tuple[float, float] | None) -> ZoneOptions | None:
    """The first zone that holds the middle of a body, or None."""
    return zone_at(zones, *body.centre, size_wh) if zones else None


def is_ignored(zones: Sequence[ZoneOptions], body: Body, size_wh: tuple[float, float] | None) -> bool:
    """Whether a body is where nobody counts: a television, a mirror."""
    if not zones:
        return False
    zone = body_zone(zones, body, size_wh)
    return zone is not None and zone.policy == "ignore"


def _crossing(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """Numbers of two sides that cut each other, or None."""
    n = len(polygon)
    sides = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    for i in range(n):
        for j in range(i + 2, n):
            if (i, j) != (0, n - 1) and _cut(*sides[i], *sides[j]):
                return i, j
    return None


def _cut(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
