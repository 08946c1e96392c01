"""What a file of annotations says, whoever wrote it: pictures, and the people in each."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.errors import DataError

Identifier = int | str
"""An id as the file has it; text that is a plain whole number counts as that number."""


def short(value: object) -> str:
    """A name or id for a message, cut in the middle where it is longer than a line."""
    text = str(value)
    return text if len(text) <= 80 else f"{text[:38]} ... {text[-37:]}"


class Person(msgspec.Struct, frozen=True, eq=False):
    """One annotated person, or a region with people that nobody labelled.

    name: the record in a message, such as "annotation 7". keypoints: float64 (K, 3), COCO's 17 or those asked for:
    x, y in pixels, visibility (0 not labelled, then x and y are 0; 1 hidden; 2 visible). n_labelled: keypoints that are
    labelled. box_xywh: pixels. area: of the person in pixels, as OKS wants it. is_crowd: a group, which is neither
    missed nor a false alarm. segmentation: JSON text of the outline, read where it is wanted (regions.py).
    """

    name: str
    keypoints: NDArray[np.float64]
    n_labelled: int
    box_xywh: tuple[float, float, float, float]
    area: float
    is_crowd: bool
    segmentation: msgspec.Raw

    @property
    def counts(self) -> bool:
        """Whether the person is to be detected: has labelled keypoints and is no crowd."""
        return not self.is_crowd and self.n_labelled > 0


class LabelledPicture(msgspec.Struct, frozen=True, eq=False):
    """One picture of the list.

    id: the file's own. number: its rank among all ids, from 1, for what wants whole numbers above 0. size_wh: pixels as
    recorded, None where the record has none.
    """

    id: Identifier
    number: int
    file_name: str
    size_wh: tuple[int, int] | None
    people: tuple[Person, ...]


class Annotations(msgspec.Struct, frozen=True, eq=False):
    """A file of annotations. unlabelled: wanted keypoints that the whole file leaves out, by name."""

    path: str
    pictures: tuple[LabelledPicture, ...]
    unlabelled: tuple[str, ...] = ()

    @property
    def n_people(self) -> int:
        """People with labelled keypoints, crowds aside."""
        return sum(person.counts for picture in self.pictures for person in picture.people)

    def require_people(self) -> None:
        """DataError when there is nobody to detect or to learn from."""
        if self.n_people:
            return
        n_records = sum(len(picture.people) for picture in self.pictures)
        found = f"{n_records} records of people, none with labelled keypoints" if n_records else "no people"
        raise DataError(
            f"annotations '{self.path}' have no keypoints: wanted people with labelled keypoints in the listed "
            f"pictures, found {found}; give a COCO person_keypoints file"
        )
