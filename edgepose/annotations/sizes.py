"""Each picture as its labels see it: found on the disk, of the recorded size, turned upright or left as stored.

Labels are drawn on upright pictures (browsers, CVAT, Label Studio) or on the rows as stored (COCO's own). The recorded
size tells which where EXIF turns the picture by a quarter; where it does not tell, the rest of the list decides, and
upright is the rule.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from edgepose.annotations.header import Shape, shape_of
from edgepose.annotations.values import Annotations, LabelledPicture, Person
from edgepose.errors import DataError, SourceError
from edgepose.pictures import read_image
from edgepose.types import Image

_log = logging.getLogger(__name__)


class Place(msgspec.Struct, frozen=True):
    """One picture on the disk. size_wh: pixels, as its labels see it; upright: whether they see it turned by EXIF."""

    path: Path
    size_wh: tuple[int, int]
    upright: bool = True


def read_place(place: Place) -> Image:
    """uint8 (H, W, 3) BGR, as the labels see it. SourceError when it is unreadable, or of another size by now."""
    image = read_image(place.path, upright=place.upright)
    if (image.shape[1], image.shape[0]) != place.size_wh:
        raise SourceError(
            f"picture '{place.path}' has {image.shape[1]} x {image.shape[0]} pixels, its header said "
            f"{place.size_wh[0]} x {place.size_wh[1]}; write it again"
        )
    return image


def places_of(annotations: Annotations, paths: Sequence[Path | None]) -> list[Place | None]:
    """How each picture that has a path is to be read; None for one that cannot be.

    DataError when a picture with people has another size than its record, or, where that has none, when most of its
    keypoints lie outside.
    """
    shapes = [None if path is None else _shape(path) for path in paths]
    as_stored = _most_as_stored(annotations.pictures, shapes)
    places: list[Place | None] = []
    outside: list[str] = []
    wrong: list[tuple[LabelledPicture, Place]] = []
    for picture, path, shape in zip(annotations.pictures, paths, shapes, strict=True):
        if path is None or shape is None:
            places.append(None)
            continue
        if picture.people and shape.is_turned and _seen_as_stored(picture, shape, as_stored):
            place = Place(path, shape.stored_wh, upright=False)
        else:
            place = Place(path, shape.upright_wh)
        places.append(place)
        outside += [person.name for person in picture.people if person.counts and not _inside(person, place.size_wh)]
        if picture.people and not _fits(picture, place.size_wh):
            wrong.append((picture, place))
    if wrong:
        raise DataError(_another_size(annotations, wrong))
    if outside:
        _log.warning("%d people have no labelled keypoint inside their picture, such as %s", len(outside), outside[0])
    return places


def _shape(path: Path) -> Shape | None:
    try:
        return shape_of(path)
    except SourceError:
        return None


def _most_as_stored(pictures: Sequence[LabelledPicture], shapes: Sequence[Shape | None]) -> bool:
    """Whether most pictures whose recorded size tells were labelled as stored."""
    votes = 0
    for picture, shape in zip(pictures, shapes, strict=True):
        if shape is not None and shape.tells:
            votes += (picture.size_wh == shape.stored_wh) - (picture.size_wh == shape.upright_wh)
    return votes > 0


def _seen_as_stored(picture: LabelledPicture, shape: Shape, as_stored: bool) -> bool:
    return picture.size_wh == shape.stored_wh if picture.size_wh is not None and shape.tells else as_stored


def _fits(picture: LabelledPicture, size_wh: tuple[int, int]) -> bool:
    if picture.size_wh is not None:
        return picture.size_wh == size_wh
    labelled = sum(person.n_labelled for person in picture.people)
    return sum(_inside(person, size_wh) for person in picture.people) * 2 >= labelled


def _inside(person: Person, size_wh: tuple[int, int]) -> int:
    """How many labelled keypoints lie in the picture, or on its edge."""
    x, y, visible = person.keypoints.T
    inside = (x >= -1) & (y >= -1) & (x <= size_wh[0]) & (y <= size_wh[1])
    return int(np.count_nonzero(inside & (visible > 0)))


def _another_size(annotations: Annotations, wrong: Sequence[tuple[LabelledPicture, Place]]) -> str:
    picture, place = wrong[0]
    has = f"picture '{place.path}' has {place.size_wh[0]} x {place.size_wh[1]} pixels, and"
    more = f" ({len(wrong)} of {len(annotations.pictures)} pictures differ)" if len(wrong) > 1 else ""
    if picture.size_wh is None:
        says = f"most keypoints of its people in '{annotations.path}' lie outside"
    else:
        says = f"'{annotations.path}' records {picture.size_wh[0]} x {picture.size_wh[1]} for it"
    return f"{has} {says}{more}: its labels lie elsewhere; give the pictures that were labelled, or scale the labels"
