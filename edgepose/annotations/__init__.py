"""COCO keypoint annotations: the one reader, for evaluation, training and calibration alike.

    document (bytes to records) -> categories, keypoint_names (who is a person, in which order) -> records (a record to
    a Person) -> reader (Annotations) -> places, sizes, located (the pictures on disk, turned as their labels see them)

What other writers leave out is filled in, what cannot be used is a DataError in one sentence with the record's id.
"""

from edgepose.annotations.located import LocatedPictures, locate, refuse_missing, where_found
from edgepose.annotations.places import names_of
from edgepose.annotations.reader import read_annotations
from edgepose.annotations.sizes import Place, read_place
from edgepose.annotations.values import Annotations, LabelledPicture, Person

__all__ = [
    "Annotations",
    "LabelledPicture",
    "LocatedPictures",
    "Person",
    "Place",
    "locate",
    "names_of",
    "read_annotations",
    "read_place",
    "refuse_missing",
    "where_found",
]
