"""One record of `annotations` into a Person: keypoints in the wanted order; box and area, filled in where left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepose.annotations.categories import PersonCategory
from edgepose.annotations.document import RawPerson
from edgepose.annotations.numbers import FARTHEST_PX, box, identifier, number
from edgepose.annotations.regions import BoxXYWH, Region, parse_region
from edgepose.annotations.values import Person, short
from edgepose.errors import DataError
from edgepose.skeleton import COCO_17

AREA_OF_BOX = 0.53
"""Area of a person over that of the bbox, where a file has no area: the convention of COCO's descendants (CrowdPose,
Halpe); over 120 of COCO's own people it is .50. COCO's area is that of the outline, which comes first."""

BOX_OF_KEYPOINTS = 1.15
"""Side of a person's bbox over that of the box around the keypoints: the latter ends at eyes and ankles. Together with
AREA_OF_BOX it gives the .70 that 29 of COCO's whole people have of the latter's area."""

MIN_ASPECT = 0.25
"""Of a box around keypoints, which may be one point or lie in a line: short side over long side, at least."""

LARGEST_AREA = 1e10
"""Pixels; COCO's evaluation counts nobody beyond."""


def person_of(record: RawPerson, category: PersonCategory, name: str) -> Person:
    """The person of a record. DataError, which begins with `name`, for keypoints that are none, or when nothing says
    where the person is."""
    keypoints = _keypoints(record, category, name)
    box_xywh = box(record.bbox)
    area = number(record.area)
    region: Region | str | None = None
    if box_xywh is None or area is None or not 0 < area <= LARGEST_AREA:
        region = parse_region(record.segmentation)
    if box_xywh is None and isinstance(region, Region):
        box_xywh = box(region.box())
    if box_xywh is None:
        box_xywh = _around(keypoints)
    if box_xywh is None:
        raise DataError(
            f"{name} says nowhere where it is: it has no labelled keypoints, no bbox and "
            f"{region if isinstance(region, str) else 'no segmentation'}; give one of them, or remove it"
        )
    if area is None or not 0 < area <= LARGEST_AREA:
        area = region.area() if isinstance(region, Region) else 0.0
        area = area if area > 0 else AREA_OF_BOX * box_xywh[2] * box_xywh[3]
    n_labelled = int(np.count_nonzero(keypoints[:, 2] > 0))
    is_crowd = bool(number(record.iscrowd))
    return Person(name, keypoints, n_labelled, box_xywh, area, is_crowd, record.segmentation)


def name_of(record: RawPerson, index: int) -> str:
    """How a message calls a record: by its id, else by its place in the list, counted from 0."""
    key = identifier(record.id)
    return f"annotations[{index}] (without an id)" if key is None else f"annotation {short(key)}"


def _keypoints(record: RawPerson, category: PersonCategory, name: str) -> NDArray[np.float64]:
    """float64 (K, 3): x, y, visibility; zeros where not labelled."""
    skeleton = category.skeleton
    if record.keypoints is None or record.keypoints == []:
        return np.zeros((skeleton.n_keypoints, 3))
    try:
        flat = np.asarray(record.keypoints, np.float64).reshape(-1)
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"{name} has keypoints that are no numbers; wanted x, y, visibility for each") from None
    named = len(flat) == 3 * category.n_keypoints
    if not named and len(flat) != 3 * skeleton.n_keypoints:
        of_set = "COCO's 17" if skeleton is COCO_17 else f"the {skeleton.n_keypoints} of {skeleton.name!r}"
        is_all = category.n_keypoints == skeleton.n_keypoints
        wanted = of_set if is_all else f"{category.n_keypoints}, as its category names them"
        raise DataError(
            f"{name} has {len(flat)} numbers in 'keypoints'; wanted x, y, visibility for {wanted}, or names of the "
            "keypoints in categories[].keypoints"
        )
    if named and category.positions is not None:
        positions = np.array(category.positions)
        out = np.zeros((skeleton.n_keypoints, 3))
        out[positions >= 0] = flat.reshape(-1, 3)[positions[positions >= 0]]
    else:
        out = flat.reshape(-1, 3)
    labelled = ~(out[:, 2] <= 0)  # true for NaN
    if not np.abs(out).max() <= FARTHEST_PX and not (np.abs(out[labelled]) <= FARTHEST_PX).all():
        bad = skeleton.keypoints[int(np.flatnonzero(labelled & ~(np.abs(out) <= FARTHEST_PX).all(1))[0])]
        raise DataError(
            f"{name} has null, NaN or a number beyond all pictures for its keypoint {bad}; give x, y and visibility, "
            "or 0, 0, 0 where it is not labelled"
        )
    out[~labelled] = 0
    return out


def _around(keypoints: NDArray[np.float64]) -> BoxXYWH | None:
    xy = keypoints[keypoints[:, 2] > 0, :2]
    if not len(xy):
        return None
    low, high = xy.min(0), xy.max(0)
    middle, size = (low + high) / 2, high - low
    size = BOX_OF_KEYPOINTS * np.maximum(size, max(MIN_ASPECT * float(size.max()), 1.0))
    x, y = middle - size / 2
    return float(x), float(y), float(size[0]), float(size[1])
