"""Each picture as its labels see it: found on the disk, of the recorded size, turned upright or left as stored.

Labels are drawn on upright pictures (browsers, CVAT, Label Studio) or on the rows as stored (COCO's own). The recorded
size tells which where EXIF turns the picture by a quarter; where it does not tell, the rest of the list decides, and
upright is the rule.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np

from edgepose.annotations.header import QUARTER_TURNS, stored_size
from edgepose.annotations.values import Annotations, LabelledPicture, Person
from edgepose.errors import DataError, SourceError
from edgepose.pictures import read_image
from edgepose.types import Image

_log = logging.getLogger(__name__)


class Place(msgspec.Struct, frozen=True):
    """One picture on the disk. size_wh: pixels, as its labels see it. turned: EXIF orientation that is taken back,
    because the labels are of the rows as stored; 1 for none."""

    path: Path
    size_wh: tuple[int, int]
    turned: int = 1


def read_place(place: Place) -> Image:
    """uint8 (H, W, 3) BGR, as the labels see it. SourceError when it is unreadable, or of another size by now."""
    image = read_image(place.path)
    if place.turned != 1:
        image = _as_stored(image, place.turned)
    if (image.shape[1], image.shape[0]) != place.size_wh:
        raise SourceError(
            f"picture '{place.path}' has {image.shape[1]} x {image.shape[0]} pixels, its header says "
            f"{place.size_wh[0]} x {place.size_wh[1]}; write it again"
        )
    return image


def places_of(annotations: Annotations, paths: Sequence[Path | None]) -> list[Place | None]:
    """How each picture that has a path is to be read; None for one that cannot be.

    DataError when a picture with people has another size than its record, or, where that has none, when most of its
    keypoints lie outside.
    """
    found: list[tuple[tuple[int, int], int] | None] = []
    for path in paths:
        try:
            found.append(None if path is None else stored_size(path))
        except SourceError:
            found.append(None)
    as_stored = _most_as_stored(annotations.pictures, found)
    places: list[Place | None] = []
    outside: list[str] = []
    wrong: list[tuple[LabelledPicture, Path, tuple[int, int]]] = []
    for picture, path, shape in zip(annotations.pictures, paths, found, strict=True):
        if path is None or shape is None:
            places.append(None)
            continue
        stored, turn = shape
        upright = stored[::-1] if turn in QUARTER_TURNS else stored
        if turn != 1 and picture.people and _seen_as_stored(picture, stored, upright, as_stored):
            place = Place(path, stored, turn)
        else:
            place = Place(path, upright)
        places.append(place)
        outside += [person.name for person in picture.people if person.counts and not _inside(person, place.size_wh)]
        if picture.people and not _fits(picture, place.size_wh):
            wrong.append((picture, path, place.size_wh))
    if outside and not wrong:
        _log.warning("%d people have no labelled keypoint inside their picture, such as %s", len(outside), outside[0])
    if wrong:
        raise DataError(_another_size(annotations, wrong))
    return places


def _most_as_stored(pictures: Sequence[LabelledPicture], found: Sequence[tuple[tuple[int, int], int] | None]) -> bool:
    """Whether most pictures whose recorded size tells were labelled as stored."""
    votes = 0
    for picture, shape in zip(pictures, found, strict=True):
        if shape is None or shape[1] not in QUARTER_TURNS or shape[0][0] == shape[0][1]:
            continue
        votes += (picture.size_wh == shape[0]) - (picture.size_wh == shape[0][::-1])
    return votes > 0


def _seen_as_stored(
    picture: LabelledPicture, stored: tuple[int, int], upright: tuple[int, int], as_stored: bool
) -> bool:
    if picture.size_wh is None or stored == upright:
        return as_stored
    return picture.size_wh == stored


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


def _another_size(annotations: Annotations, wrong: Sequence[tuple[LabelledPicture, Path, tuple[int, int]]]) -> str:
    picture, path, size_wh = wrong[0]
    has = f"picture '{path}' has {size_wh[0]} x {size_wh[1]} pixels, and"
    more = f" ({len(wrong)} of {len(annotations.pictures)} pictures differ)" if len(wrong) > 1 else ""
    if picture.size_wh is None:
        says = f"most keypoints of its people in '{annotations.path}' lie outside"
    else:
        says = f"'{annotations.path}' records {picture.size_wh[0]} x {picture.size_wh[1]} for it"
    return f"{has} {says}{more}: its labels lie elsewhere; give the pictures that were labelled, or scale the labels"


def _as_stored(image: Image, orientation: int) -> Image:
    """An upright picture in the rows as they are in its file."""
    code = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_COUNTERCLOCKWISE, 8: cv2.ROTATE_90_CLOCKWISE}
    if orientation in code:
        turned = cv2.rotate(image, code[orientation])
    elif orientation == 2:
        turned = cv2.flip(image, 1)
    elif orientation == 4:
        turned = cv2.flip(image, 0)
    elif orientation == 5:
        turned = cv2.transpose(image)
    else:
        turned = cv2.transpose(cv2.rotate(image, cv2.ROTATE_180))
    return np.asarray(turned, np.uint8)
