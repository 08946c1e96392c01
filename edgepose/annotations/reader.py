"""A COCO file, or what other writers call one, into Annotations."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from edgepose.annotations.categories import PersonCategory, person_categories
from edgepose.annotations.document import Document, RawPerson, RawPicture, read_document
from edgepose.annotations.numbers import identifier, pixels
from edgepose.annotations.records import name_of, person_of
from edgepose.annotations.values import Annotations, Identifier, LabelledPicture, Person, short
from edgepose.errors import DataError
from edgepose.skeleton import COCO_17, Skeleton

_log = logging.getLogger(__name__)


ENOUGH = 17
"""Keypoints after which all of them between 0 and 1 are no chance."""


def read_annotations(path: str | Path, skeleton: Skeleton = COCO_17) -> Annotations:
    """The pictures and people of a COCO keypoint file; DataError in one sentence for what cannot be used.

    skeleton: the keypoints to read, by their names in the file or in their order; COCO's, or a set of one's own.

    ids may begin at 0 or be text; those of people are never relied on. `iscrowd`, `num_keypoints`, `bbox`, `area`,
    `category_id`, `categories` and sizes may be left out. Records of other categories than the people's are passed
    over, as are people of pictures that are not in the list. A list of pictures without people is read, too:
    `Annotations.require_people` says what is wrong with it where people are wanted.
    """
    document = read_document(Path(path))
    if not document.images:
        raise DataError(f"annotations '{path}' are not COCO keypoints: the list 'images' is empty or missing")
    categories = person_categories(document, str(path), skeleton)
    pictures = _pictures(document, str(path))
    people = _people(document, categories, pictures, str(path), skeleton)
    _refuse_shares(people.values(), str(path))
    numbers = {key: number for number, key in enumerate(_ranked(pictures), 1)}
    listed = tuple(
        LabelledPicture(key, numbers[key], str(raw.file_name), _size(raw), tuple(people.get(key, ())))
        for key, raw in pictures.items()
    )
    return Annotations(str(path), listed, _unlabelled(categories, str(path), skeleton))


def _pictures(document: Document, path: str) -> dict[Identifier, RawPicture]:
    """The records of pictures by id, those that stand twice once."""
    pictures: dict[Identifier, RawPicture] = {}
    for index, raw in enumerate(document.images):
        key = identifier(raw.id)
        if not isinstance(raw.file_name, str) or not raw.file_name.strip():
            raise DataError(f"picture {f'images[{index}]' if key is None else short(key)} of '{path}' has no file_name")
        if key is None:
            if document.annotations:
                raise DataError(
                    f"picture '{short(raw.file_name)}' of '{path}' has no id, by which its people would name it"
                )
            key = index
        if key in pictures and pictures[key].file_name != raw.file_name:
            raise DataError(
                f"annotations '{path}' have two pictures of id {short(key)}, '{short(pictures[key].file_name)}' "
                f"and '{short(raw.file_name)}'; give each picture its own id"
            )
        pictures[key] = raw
    return pictures


def _people(
    document: Document,
    categories: Mapping[Identifier, PersonCategory],
    pictures: Mapping[Identifier, RawPicture],
    path: str,
    skeleton: Skeleton,
) -> dict[Identifier, list[Person]]:
    people: dict[Identifier, list[Person]] = {}
    seen: dict[Identifier, RawPerson] = {}
    lost: list[str] = []
    twice: list[str] = []
    for index, record in enumerate(document.annotations or []):
        category = _category(record, categories, skeleton)
        if category is None:
            continue
        picture = _picture_id(record, pictures)
        name = name_of(record, index)
        if picture is None:
            lost.append(name)
            continue
        key = identifier(record.id)
        if key is not None and key in seen:
            twice.append(name)
            if seen[key] == record:
                continue
        elif key is not None:
            seen[key] = record
        people.setdefault(picture, []).append(person_of(record, category, f"{name} of '{path}'"))
    if lost and not people:
        raise DataError(
            f"annotations '{path}' fit none of its pictures: {lost[0]} and {len(lost) - 1} others have an image_id "
            "that no record of 'images' has; export both lists together"
        )
    if lost:
        _log.warning("%s: %d people of pictures that it does not list, such as %s", path, len(lost), lost[0])
    if twice:
        _log.warning("%s: %d ids of people stand twice, such as %s; copies are left out", path, len(twice), twice[0])
    return people


def _category(
    record: RawPerson, categories: Mapping[Identifier, PersonCategory], skeleton: Skeleton
) -> PersonCategory | None:
    """That of a person, None for anything else; a record without a category is a person."""
    key = identifier(record.category_id)
    if key is None:
        return next(iter(categories.values()), PersonCategory.unnamed(skeleton))
    return categories.get(key)


def _picture_id(record: RawPerson, pictures: Mapping[Identifier, RawPicture]) -> Identifier | None:
    key = identifier(record.image_id)
    if key in pictures:
        return key
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 20 and int(key) in pictures:
        return int(key)  # "0007" for 7
    return None


def _ranked(pictures: Iterable[Identifier]) -> list[Identifier]:
    """In pycocotools' order of evaluation, which decides between equal scores: numbers, then text."""
    return sorted(pictures, key=lambda key: (isinstance(key, str), key))


def _size(raw: RawPicture) -> tuple[int, int] | None:
    width, height = pixels(raw.width), pixels(raw.height)
    return None if width is None or height is None else (width, height)


def _refuse_shares(people: Iterable[list[Person]], path: str) -> None:
    """DataError for keypoints between 0 and 1: shares of the picture, as YOLO writes them, where COCO has pixels."""
    labelled = [person.keypoints[person.keypoints[:, 2] > 0, :2] for several in people for person in several]
    xy = np.concatenate(labelled) if labelled else np.zeros((0, 2))
    if len(xy) >= ENOUGH and xy.min() >= 0 and xy.max() <= 1:
        raise DataError(
            f"annotations '{path}' have all keypoints between 0 and 1; COCO's are pixels: multiply them by the "
            "pictures' width and height"
        )


def _unlabelled(categories: Mapping[Identifier, PersonCategory], path: str, skeleton: Skeleton) -> tuple[str, ...]:
    orders = [category.positions for category in categories.values()]
    names = tuple(
        name
        for k, name in enumerate(skeleton.keypoints)
        if orders and all(one is not None and one[k] < 0 for one in orders)
    )
    if names:
        _log.warning("%s labels no %s: it says nothing about them", path, ", ".join(names))
    return names
