"""What the fused teacher saw in one picture, as its readers said it, and what is made of that."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.options import Options
from edgepose.training.teacher.body import Keypoints

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in picture pixels."""
Rows = tuple[tuple[float, float, float], ...]
"""COCO's 17 keypoints: x, y in picture pixels, score or chance."""


class Reading(Options, frozen=True):
    """One candidate: its box and what each reader said, by the reader's own scores. blazepose: only where it lies."""

    box: Box
    thunder: Rows
    fields: Rows
    blazepose: Rows | None = None


class Look(Options, frozen=True):
    """Everything that was read of one picture. unread: candidates too many or too small for crops."""

    size_wh: tuple[int, int]
    readings: tuple[Reading, ...] = ()
    unread: tuple[Box, ...] = ()


class Person(Options, frozen=True):
    """Somebody in the picture."""

    keypoints: Annotated[Rows, Meta(description="COCO's 17: x, y in picture pixels, chance")]
    chance: Annotated[float, Meta(description="how likely somebody is there")]
    lies: bool = False

    @property
    def array(self) -> Keypoints:
        """float64 (17, 3)."""
        return np.asarray(self.keypoints, np.float64)


class Sight(Options, frozen=True):
    """people: who is there. doubtful: where somebody may be. refused: a detector saw somebody, the readers nobody."""

    size_wh: tuple[int, int]
    people: tuple[Person, ...] = ()
    doubtful: tuple[Box, ...] = ()
    refused: tuple[Box, ...] = ()


def rows_of(keypoints: Keypoints) -> Rows:
    """A tenth of a pixel and a thousandth of a score are enough."""
    return tuple((round(float(x), 1), round(float(y), 1), round(float(c), 3)) for x, y, c in keypoints)


def box_tuple(box: NDArray[np.float64]) -> Box:
    """A box to a tenth of a pixel."""
    x0, y0, x1, y1 = (round(float(v), 1) for v in box)
    return x0, y0, x1, y1


def encode(look: Look) -> bytes:
    """JSON."""
    return msgspec.json.encode(look)


def decode(data: bytes) -> Look:
    """A Look from its JSON; msgspec.DecodeError for anything else."""
    return msgspec.json.decode(data, type=Look)
