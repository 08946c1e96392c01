"""People whose keypoints have chances, and what is known of the rest of a picture: what a fused teacher's set adds.

Such a set is a COCO-style file whose annotations carry `fused` (edgepose/training/teacher/coco_set.py); every other
file gives nothing here and is used as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.errors import DataError
from edgepose.skeleton import COCO_17, Skeleton
from edgepose.types import FloatArray


class ImageRow(msgspec.Struct, frozen=True):
    """What is read of an image."""

    id: int
    file_name: str
    sha256: str = ""
    refused: tuple[tuple[float, float, float, float], ...] = ()


class PersonRow(msgspec.Struct, frozen=True):
    """What is read of an annotation."""

    image_id: int
    bbox: Any = None
    iscrowd: int = 0
    fused: Annotated[tuple[float, ...], Meta(max_length=51)] = ()
    lies: bool = False


class Content(msgspec.Struct, frozen=True):
    """The file."""

    images: tuple[ImageRow, ...]
    annotations: tuple[PersonRow, ...]


@dataclass(frozen=True, eq=False)
class Trusted:
    """One picture, picture pixels.

    keypoints: float32 (P, K, 3), x, y and chance, 0 where unknown. lies: bool (P,). doubtful, refused: boxes (n, 4) x,
    y, w, h in which somebody may be, and in which nobody is. sha256: of the picture file, empty when not known.
    """

    keypoints: FloatArray
    lies: NDArray[np.bool_]
    doubtful: FloatArray
    refused: FloatArray
    sha256: str


def read_trusted(annotations: str, folder: str, skeleton: Skeleton) -> dict[Path, Trusted]:
    """By the pictures' paths; empty when no annotation carries chances. DataError when the file is damaged."""
    try:
        data = Path(annotations).read_bytes()
        if b'"fused"' not in data:  # anybody's file, which need not be as this project writes them
            return {}
        content = msgspec.json.decode(data, type=Content)
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"{annotations!r} is no COCO-style list ({error}); make it anew") from None
    if not any(person.fused for person in content.annotations):
        return {}
    by_image: dict[int, list[PersonRow]] = {}
    for person in content.annotations:
        by_image.setdefault(person.image_id, []).append(person)
    return {
        Path(folder) / image.file_name: _trusted(image, by_image.get(image.id, []), skeleton)
        for image in content.images
    }


def _trusted(image: ImageRow, rows: list[PersonRow], skeleton: Skeleton) -> Trusted:
    people = [row for row in rows if len(row.fused) == 51]
    keypoints = np.array([with_neck(np.reshape(row.fused, (17, 3)), skeleton) for row in people], np.float32)
    return Trusted(
        keypoints.reshape(-1, skeleton.n_keypoints, 3),
        np.array([row.lies for row in people], bool),
        np.array([row.bbox for row in rows if row.iscrowd], np.float32).reshape(-1, 4),
        np.array(image.refused, np.float32).reshape(-1, 4),
        image.sha256,
    )


def with_neck(coco: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float64]:
    """(K, 3) of the skeleton from COCO's (17, 3); the neck is as certain as the less certain shoulder."""
    out = np.zeros((skeleton.n_keypoints, 3))
    for k, own in enumerate(COCO_17.mapping_to(skeleton)):
        if own >= 0:
            out[k] = coco[own]
    if "neck" in skeleton.keypoints:
        shoulders = coco[[COCO_17.index("l_shoulder"), COCO_17.index("r_shoulder")]]
        if (shoulders[:, 2] > 0).all():
            out[skeleton.index("neck")] = (*shoulders[:, :2].mean(0), shoulders[:, 2].min())
    return out
