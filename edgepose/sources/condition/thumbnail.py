"""A picture made small and grey: all that is needed to say whether a camera sees anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepose.types import FloatArray, Image

ROWS = 240
"""Rows of a thumbnail, about."""

CELL = 8
"""Side of a cell of `cells`, pixels of the thumbnail."""

Thumbnail = NDArray[np.uint8]
"""uint8 (h, w), grey; h is 240 to 479 where the picture is large enough."""


def thumbnail(image: Image) -> Thumbnail:
    """Every n-th pixel of a picture, its green alone: cheap, and near enough to what an eye calls bright."""
    step = max(1, image.shape[0] // ROWS)
    return np.ascontiguousarray(image[::step, ::step, 1])


def cells(small: Thumbnail) -> FloatArray:
    """Mean grey of each cell of CELL x CELL pixels, float32 (h // CELL, w // CELL); what fills none is left out."""
    h, w = small.shape[0] // CELL, small.shape[1] // CELL
    means: FloatArray = small[: h * CELL, : w * CELL].reshape(h, CELL, w, CELL).mean((1, 3), dtype=np.float32)
    return means
