"""The outline of a person or a crowd: polygons, run lengths or a box, checked once, measured and painted."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.annotations import runs
from edgepose.annotations.numbers import FARTHEST_PX
from edgepose.annotations.values import Person
from edgepose.errors import DataError

BoxXYWH = tuple[float, float, float, float]


class Region(msgspec.Struct, frozen=True, eq=False):
    """Polygons (each float64 (N, 2), pixels), or run lengths of a whole picture, or else the box."""

    polygons: tuple[NDArray[np.float64], ...] = ()
    lengths: NDArray[np.int64] | None = None
    hw: tuple[int, int] = (0, 0)
    box_xywh: BoxXYWH | None = None

    def area(self) -> float:
        """Pixels inside; polygons that overlap count twice, as in COCO."""
        if self.lengths is not None:
            return float(self.lengths[1::2].sum())
        if self.box_xywh is not None:
            return self.box_xywh[2] * self.box_xywh[3]
        return float(sum(_polygon_area(polygon) for polygon in self.polygons))

    def box(self) -> BoxXYWH | None:
        """x, y, width, height around it; None when nothing is inside."""
        if self.lengths is not None:
            return runs.box_of(self.lengths, self.hw)
        if self.box_xywh is not None:
            return self.box_xywh
        corners = np.concatenate(self.polygons)
        (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
        return float(x0), float(y0), float(x1 - x0), float(y1 - y0)


def parse_region(segmentation: msgspec.Raw | bytes) -> Region | str | None:
    """The region that a record's `segmentation` draws; what is wrong with it; None where it has none.

    Polygons of fewer than three points, which converters leave behind, are passed over beside good ones. A polygon that
    is not wrapped in a list of its own, as VIA writes it, is one.
    """
    try:
        value = msgspec.json.decode(segmentation)
    except (ValueError, RecursionError):
        return "a segmentation that cannot be read"
    if value is None or value == [] or value == {}:
        return None
    if isinstance(value, dict):
        found = runs.runs_of(value)
        return found if isinstance(found, str) else Region(lengths=found[0], hw=found[1])
    if not isinstance(value, list):
        return "a segmentation that is neither polygons nor run lengths"
    polygons = [_polygon(one) for one in (value if isinstance(value[0], list) else [value])]
    good = tuple(polygon for polygon in polygons if polygon is not None)
    return Region(polygons=good) if good else "no polygon of three points in its segmentation"


def region_of(person: Person, size_wh: tuple[int, int]) -> Region:
    """Where a person or crowd is, for a picture of that size; DataError when the outline is no good.

    What is to be left out of learning must be known: an outline that cannot be drawn is not replaced by a guess.
    """
    found = parse_region(person.segmentation)
    if isinstance(found, str):
        raise DataError(f"{person.name} has {found}; mend it, or remove it so that the bbox is taken")
    if found is None:
        return Region(box_xywh=person.box_xywh)
    if found.lengths is not None and found.hw != (size_wh[1], size_wh[0]):
        raise DataError(
            f"{person.name} has run lengths of {found.hw[1]} x {found.hw[0]} pixels, its picture has {size_wh[0]} x "
            f"{size_wh[1]}; export them for this picture"
        )
    return found


def paint(mask: NDArray[np.uint8], region: Region) -> None:
    """Set uint8 (H, W) to 1 where the region is, borders included."""
    import cv2

    if region.lengths is not None:
        mask |= runs.mask_of(region.lengths, region.hw)
        return
    for polygon in region.polygons:
        cv2.fillPoly(mask, [polygon.round().astype(np.int32)], [1])
    if region.box_xywh is not None:
        x, y, w, h = region.box_xywh
        mask[max(0, int(y)) : max(0, int(y + h) + 1), max(0, int(x)) : max(0, int(x + w) + 1)] = 1


def _polygon(value: Any) -> NDArray[np.float64] | None:
    if not isinstance(value, list) or len(value) < 6 or len(value) % 2:
        return None
    try:
        corners = np.asarray(value, np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    if corners.ndim != 1 or not (np.abs(corners) <= FARTHEST_PX).all():  # false for NaN
        return None
    return corners.reshape(-1, 2)


def _polygon_area(polygon: NDArray[np.float64]) -> float:
    x, y = polygon.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
