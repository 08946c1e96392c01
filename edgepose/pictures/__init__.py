"""The one way to read, list and write pictures: prediction, evaluation, calibration, capture and training all use it.

`reading` takes files, `given` what a program hands in; `header` judges a file before `pixels` decodes it.
"""

from __future__ import annotations

from edgepose.pictures.given import Colour, as_image
from edgepose.pictures.header import MAX_PIXELS
from edgepose.pictures.listing import PICTURE_SUFFIXES, is_picture, list_images
from edgepose.pictures.reading import MAX_BYTES, moves, read_image, read_moving
from edgepose.pictures.writing import write_image

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "Colour",
    "as_image",
    "is_picture",
    "list_images",
    "moves",
    "read_image",
    "read_moving",
    "write_image",
]
