"""COCO keypoint annotations into people and masks; sets without people's annotations are lists of pictures."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.errors import DataError
from edgepose.options import Options
from edgepose.skeleton import COCO_17, Skeleton
from edgepose.types import FloatArray

_log = logging.getLogger(__name__)

MISSING_ALLOWED = 0.01
"""Share of pictures that may be missing on disk; more means a wrong folder."""


class SetOptions(Options, frozen=True):
    """One set of pictures."""

    annotations: Annotated[str, Meta(description="COCO-style JSON of the pictures and, where labelled, the people")]
    images: Annotated[str, Meta(description="folder that the file names are relative to")] = ""
    weight: Annotated[float, Meta(gt=0, description="share of the samples, relative to the other sets")] = 1.0
    labels: Annotated[
        Literal["keypoints", "teacher", "empty"],
        Meta(description="who draws the people: the annotations, the teacher, or nobody because nobody is there"),
    ] = "keypoints"
    whole: Annotated[
        bool, Meta(description="keypoints sets: crops of the picture at picture_px instead of crops about one person")
    ] = False
    turns: Annotated[bool, Meta(description="let the teacher see quarter turns too, for people on the floor")] = False
    nobody: Annotated[
        float, Meta(ge=0, le=1, description="teacher sets: share of samples from pictures where it sees nobody")
    ] = 0.2
    picture_px: Annotated[
        tuple[float, float],
        Meta(description="teacher, empty and whole sets: height a whole picture is shown at, pixels"),
    ] = (200.0, 420.0)
    min_person_px: Annotated[float, Meta(description="main people are at least this square, picture pixels")] = 32.0
    min_keypoints: Annotated[int, Meta(description="main people have at least this many labelled keypoints")] = 5
    min_distance: Annotated[float, Meta(description="main people lie apart by this share of their size")] = 0.3


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a set.

    keypoints: float32 (P, K, 3), picture pixels, score 1 where labelled (visible or occluded), else 0; all people.
    main: (centre x, centre y, height) of the people who make a sample, picture pixels.
    ignored: polygons and boxes of crowds and of people without keypoints, for the mask.
    """

    path: Path
    size_wh: tuple[int, int]
    options: SetOptions
    keypoints: FloatArray
    main: tuple[tuple[float, float, float], ...] = ()
    ignored: tuple[Any, ...] = field(default=())

    def mask(self) -> NDArray[np.bool_]:
        """bool (H, W): True where nothing is to be learned."""
        mask = np.zeros((self.size_wh[1], self.size_wh[0]), np.uint8)
        for region in self.ignored:
            _paint(mask, region)
        return mask.astype(bool)


def read_set(options: SetOptions, skeleton: Skeleton) -> list[Picture]:
    """The pictures of a set; DataError when the file is no COCO keypoint file or too many pictures are missing."""
    path = Path(options.annotations)
    try:
        content = json.loads(path.read_text())
        images, annotations = content["images"], content["annotations"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{options.annotations!r} is not a COCO annotation file ({error!r})") from error
    if options.labels == "keypoints":
        _check_keypoints(content, path)
    folder = Path(options.images)
    per_image: dict[int, list[dict[str, Any]]] = {}
    for annotation in annotations:
        per_image.setdefault(annotation["image_id"], []).append(annotation)
    missing = [image["file_name"] for image in images if not (folder / image["file_name"]).is_file()]
    if len(missing) > MISSING_ALLOWED * len(images):
        some = ", ".join(missing[:3])
        raise DataError(
            f"{len(missing)} of {len(images)} pictures of {path.name!r} are not in {str(folder)!r} ({some}, ...); "
            "set `images` to the folder that holds them"
        )
    if missing:
        _log.warning("%d pictures of %s are not in %s and are left out: %s", len(missing), path, folder, missing)
    absent = set(missing)
    pictures = [
        _picture(folder, image, per_image.get(image["id"], []), options, skeleton)
        for image in images
        if image["file_name"] not in absent
    ]
    if options.labels == "keypoints":
        pictures = [picture for picture in pictures if picture.main]
    if not pictures:
        raise DataError(f"{path.name!r} has no picture to learn from; its people are too small or unlabelled")
    return pictures


def _check_keypoints(content: dict[str, Any], path: Path) -> None:
    people = [a for a in content["annotations"] if "keypoints" in a]
    if not people:
        raise DataError(f"{path.name!r} has no keypoints; wanted a COCO person_keypoints file, or labels = 'teacher'")
    wanted = 3 * COCO_17.n_keypoints
    wrong = next((a for a in people if len(a["keypoints"]) != wanted), None)
    if wrong is not None:
        raise DataError(
            f"annotation {wrong.get('id')} of {path.name!r} has {len(wrong['keypoints'])} keypoint numbers, COCO "
            f"people have {wanted}; remove other categories"
        )
    categories = {a.get("category_id") for a in people}
    if len(categories) > 1:
        raise DataError(f"{path.name!r} mixes categories {sorted(map(str, categories))}; keep the people only")


def _picture(
    folder: Path, image: dict[str, Any], people: list[dict[str, Any]], options: SetOptions, skeleton: Skeleton
) -> Picture:
    keypoints: list[FloatArray] = []
    main: list[tuple[float, float, float]] = []
    ignored: list[Any] = []
    for person in people:
        labelled = np.asarray(person.get("keypoints", np.zeros(3 * COCO_17.n_keypoints)), np.float32).reshape(-1, 3)
        if person.get("iscrowd") or not (labelled[:, 2] > 0).any():
            ignored.append(person.get("segmentation") or person["bbox"])
            continue
        keypoints.append(from_coco(labelled, skeleton))
        x, y, w, h = person["bbox"]
        if (
            min(w, h) >= options.min_person_px
            and int((labelled[:, 2] > 0).sum()) >= options.min_keypoints
            and all(np.hypot(x + w / 2 - cx, y + h / 2 - cy) >= options.min_distance * size for cx, cy, size in main)
        ):
            main.append((x + w / 2, y + h / 2, max(w, h)))
    stacked = np.stack(keypoints) if keypoints else np.zeros((0, skeleton.n_keypoints, 3), np.float32)
    size_wh = int(image["width"]), int(image["height"])
    return Picture(folder / image["file_name"], size_wh, options, stacked, tuple(main), tuple(ignored))


def from_coco(labelled: FloatArray, skeleton: Skeleton) -> FloatArray:
    """float32 (K, 3) in the skeleton's order from COCO's (17, 3): score 1 where labelled.

    The neck is the middle of both shoulders and is there only when both are labelled.
    """
    out = np.zeros((skeleton.n_keypoints, 3), np.float32)
    for k, own in enumerate(COCO_17.mapping_to(skeleton)):
        if own >= 0 and labelled[own, 2] > 0:
            out[k] = labelled[own, 0], labelled[own, 1], 1.0
    if "neck" in skeleton.keypoints:
        shoulders = [COCO_17.index("l_shoulder"), COCO_17.index("r_shoulder")]
        if (labelled[shoulders, 2] > 0).all():
            out[skeleton.index("neck")] = (*labelled[shoulders, :2].mean(0), 1.0)
    return out


def _paint(mask: NDArray[np.uint8], region: Any) -> None:
    """A COCO segmentation (polygons or run lengths) or a box x, y, w, h."""
    if isinstance(region, dict):
        mask |= _run_lengths(region, mask.shape)
    elif isinstance(region[0], (list, tuple)):
        for polygon in region:
            cv2.fillPoly(mask, [np.asarray(polygon, np.float32).reshape(-1, 2).round().astype(np.int32)], 1)
    else:
        x, y, w, h = region
        mask[max(0, int(y)) : int(y + h) + 1, max(0, int(x)) : int(x + w) + 1] = 1


def _run_lengths(region: dict[str, Any], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """COCO's column-major runs; compressed ones need pycocotools."""
    counts = region["counts"]
    if isinstance(counts, list):
        values = np.arange(len(counts)) % 2
        return np.repeat(values, counts).reshape(shape, order="F").astype(np.uint8)
    from pycocotools import mask as coco_mask

    return np.asarray(coco_mask.decode(region), np.uint8)
