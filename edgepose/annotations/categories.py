"""Who of a file's categories is a person: by name, or by being the only one with keypoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edgepose.annotations.document import Document, RawCategory, RawPerson
from edgepose.annotations.keypoint_names import positions
from edgepose.annotations.numbers import identifier
from edgepose.annotations.values import Identifier, short
from edgepose.errors import DataError
from edgepose.skeleton import COCO_17, Skeleton

PERSON_NAMES = frozenset({"person", "persons", "people", "human", "humans", "pedestrian", "pedestrians"})


class PersonCategory(msgspec.Struct, frozen=True):
    """One category whose records are people.

    skeleton: the wanted keypoints. positions: their places (keypoint_names), None for their own order. n_keypoints: as
    many as the category names.
    """

    skeleton: Skeleton
    positions: tuple[int, ...] | None
    n_keypoints: int

    @staticmethod
    def unnamed(skeleton: Skeleton) -> PersonCategory:
        """One that names no keypoints."""
        return PersonCategory(skeleton, None, skeleton.n_keypoints)


def has_keypoints(record: RawPerson) -> bool:
    """Whether anything but zeros stands where keypoints do."""
    return isinstance(record.keypoints, list) and any(record.keypoints)


def person_categories(document: Document, path: str, skeleton: Skeleton = COCO_17) -> dict[Identifier, PersonCategory]:
    """The categories of people by id; empty when nobody has keypoints and no category is called person.

    DataError when several categories have keypoints and none is called person.
    """
    declared = _declared(document, path)
    records = document.annotations or []
    labelled: dict[Identifier, RawPerson] = {}
    for record in records:
        key = identifier(record.category_id)
        if key is not None and key not in labelled and has_keypoints(record):
            labelled[key] = record
    chosen = [key for key in (labelled or declared) if _is_person(declared.get(key))]
    if not chosen and len(labelled) == 1:
        chosen = list(labelled)
    strange = [key for key in labelled if declared and key not in declared]
    if len(labelled) > 1 and (not chosen or strange):
        raise DataError(_mixed(labelled, declared, strange, path))
    only = next(iter(declared.values())) if len(declared) == 1 else None
    unnamed = PersonCategory.unnamed(skeleton)
    return {key: _category(declared.get(key, only), path, skeleton) if key in labelled else unnamed for key in chosen}


def _declared(document: Document, path: str) -> dict[Identifier, RawCategory]:
    declared: dict[Identifier, RawCategory] = {}
    for category in document.categories or []:
        key = identifier(category.id)
        if key is None:
            continue
        if key in declared and declared[key].name != category.name:
            raise DataError(
                f"annotations '{path}' have two categories of id {short(key)}, '{short(declared[key].name)}' and "
                f"'{short(category.name)}'; give each its own"
            )
        declared[key] = category
    return declared


def _is_person(category: RawCategory | None) -> bool:
    name: Any = category and category.name
    return isinstance(name, str) and name.strip().lower() in PERSON_NAMES


def _category(category: RawCategory | None, path: str, skeleton: Skeleton) -> PersonCategory:
    names = category and category.keypoints
    if not isinstance(names, list) or not names:
        return PersonCategory.unnamed(skeleton)
    places = positions(names, path, skeleton)
    in_order = places == tuple(range(skeleton.n_keypoints)) and len(names) == skeleton.n_keypoints
    return PersonCategory(skeleton, None if in_order else places, len(names))


def _mixed(
    labelled: Mapping[Identifier, RawPerson], declared: Mapping[Identifier, RawCategory], strange: list[Any], path: str
) -> str:
    if strange:
        return (
            f"annotations '{path}' mixes categories: annotation {short(labelled[strange[0]].id)} has keypoints "
            f"and category {short(strange[0])}, which the list of categories lacks; add it, or keep the people only"
        )
    names = ", ".join(
        f"{short(key)} ({short(declared[key].name)})" if key in declared else short(key) for key in list(labelled)[:5]
    )
    return (
        f"annotations '{path}' mixes categories: {names} have keypoints, and none is called person; rename that of the "
        "people, or keep the people only"
    )
