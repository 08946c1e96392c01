"""What the fused teacher says about one picture."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from edgepose.options import Options
from edgepose.training.teacher.body import Keypoints

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in picture pixels."""


class Person(Options, frozen=True):
    """Somebody in the picture."""

    keypoints: Annotated[
        tuple[tuple[float, float, float], ...], Meta(description="COCO's 17: x, y in picture pixels, chance")
    ]
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


def person_of(keypoints: Keypoints, chance: float, lies: bool) -> Person:
    """A person with a tenth of a pixel and a thousandth of a chance."""
    rows = tuple((round(float(x), 1), round(float(y), 1), round(float(c), 3)) for x, y, c in keypoints)
    return Person(rows, round(chance, 3), bool(lies))


def encode(sight: Sight) -> bytes:
    """JSON."""
    return msgspec.json.encode(sight)


def decode(data: bytes) -> Sight:
    """A Sight from its JSON; msgspec.DecodeError for anything else."""
    return msgspec.json.decode(data, type=Sight)
