"""A list of pictures and its folder together: which pictures are there, and how each is read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from edgepose.annotations.places import MAX_MISSING, find_picture
from edgepose.annotations.sizes import Place, places_of
from edgepose.annotations.values import Annotations, LabelledPicture, short
from edgepose.errors import DataError

_log = logging.getLogger(__name__)


class LocatedPictures(msgspec.Struct, frozen=True, eq=False):
    """places: of each picture of the annotations, None for one that is missing or unreadable."""

    annotations: Annotations
    folder: str
    places: tuple[Place | None, ...]

    def __iter__(self) -> Iterator[tuple[LabelledPicture, Place]]:
        """The pictures that are there, with their people."""
        for picture, place in zip(self.annotations.pictures, self.places, strict=True):
            if place is not None:
                yield picture, place

    def absent(self) -> list[str]:
        """Recorded names of the pictures that are missing or unreadable."""
        return [
            picture.file_name
            for picture, place in zip(self.annotations.pictures, self.places, strict=True)
            if place is None
        ]


def locate(annotations: Annotations, folder: str | Path) -> LocatedPictures:
    """The pictures of a list in a folder.

    Names are looked for as `places.names_of` says. DataError when more than 1 % are missing or unreadable, when one has
    another size than its record, or when two records with people lead to one file.
    """
    located = where_found(annotations, folder)
    refuse_missing(located, located.absent())
    return located


def where_found(annotations: Annotations, folder: str | Path) -> LocatedPictures:
    """The same, however many are missing."""
    paths = [find_picture(Path(folder), picture.file_name) for picture in annotations.pictures]
    _refuse_shared(annotations, paths)
    return LocatedPictures(annotations, str(folder), tuple(places_of(annotations, paths)))


def refuse_missing(located: LocatedPictures, absent: Sequence[str]) -> None:
    """DataError when the pictures of these names are more than may be missing, a warning when they are fewer."""
    n_pictures = len(located.annotations.pictures)
    if len(absent) > MAX_MISSING * n_pictures:
        raise DataError(
            f"{len(absent)} of {n_pictures} pictures of '{located.annotations.path}' are missing or unreadable in "
            f"'{located.folder}' (such as {short(absent[0])}), and at most 1 % may be: give the folder that holds them"
        )
    if absent:
        _log.warning(
            "%s: %d pictures are left out, such as %s", located.annotations.path, len(absent), short(absent[0])
        )


def _refuse_shared(annotations: Annotations, paths: Sequence[Path | None]) -> None:
    first: dict[Path, LabelledPicture] = {}
    for picture, path in zip(annotations.pictures, paths, strict=True):
        if path is None:
            continue
        other = first.setdefault(path, picture)
        if other is not picture and (picture.people or other.people):
            raise DataError(
                f"pictures {short(other.id)} ('{short(other.file_name)}') and {short(picture.id)} "
                f"('{short(picture.file_name)}') of "
                f"'{annotations.path}' are one file, '{path}'; give the folder that holds both, or one record for both"
            )
