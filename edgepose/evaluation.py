"""COCO keypoint AP of anything that turns a picture into poses: a model file, an engine, a network in training."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edgepose.annotations import (
    LabelledPicture,
    LocatedPictures,
    Person,
    locate,
    read_annotations,
    read_place,
    refuse_missing,
)
from edgepose.errors import DataError, MissingDependencyError, SourceError
from edgepose.keypoint_set import label_skeleton
from edgepose.options import Options
from edgepose.skeleton import COCO_17, Skeleton
from edgepose.types import Image, Pose

Predict = Callable[[Image], Sequence[Pose]]
"""uint8 (H, W, 3) BGR picture to poses in its pixels."""

_PERSON = 1


class Scores(Options, frozen=True):
    """COCO keypoint scores, 0 to 1, -1 where the data set has nobody of that kind.

    ap: mean over OKS .50 to .95. ap_medium: people of 32^2 to 96^2 pixels; ap_large: above. images: pictures that were
    evaluated; missing: annotated ones that were not. people: annotated with keypoints; found: poses.
    """

    ap: float = msgspec.field(name="AP")
    ap50: float = msgspec.field(name="AP50")
    ap75: float = msgspec.field(name="AP75")
    ap_medium: float = msgspec.field(name="APm")
    ap_large: float = msgspec.field(name="APl")
    ar: float = msgspec.field(name="AR")
    images: int
    missing: int
    people: int
    found: int


def evaluate(
    predict: Predict,
    annotations: str | Path,
    images: str | Path,
    progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
    skeleton: Skeleton = COCO_17,
) -> Scores:
    """Score `predict` on a COCO keypoint data set.

    annotations: COCO JSON with 17 keypoints a person; images: folder of its `file_name`s (with or without their
    folders). progress: wraps the loop over pictures, such as rich's `track`. skeleton: the keypoints that people are
    annotated with, a set of one's own where the network has one. DataError when the annotations cannot be
    used (see `edgepose.annotations`), more than 1 % of the pictures are missing or nobody is annotated.
    """
    return evaluate_on(predict, labelled_pictures(annotations, images, skeleton), progress, skeleton)


def labelled_pictures(annotations: str | Path, images: str | Path, skeleton: Skeleton = COCO_17) -> LocatedPictures:
    """A data set that a predictor can be scored on; DataError for one that cannot give a figure."""
    truth = read_annotations(annotations, skeleton)
    truth.require_people()
    located = locate(truth, images)
    _refuse_nobody(located, [picture for picture, _ in located])
    return located


def evaluate_on(
    predict: Predict,
    located: LocatedPictures,
    progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
    skeleton: Skeleton = COCO_17,
) -> Scores:
    """`evaluate` on pictures that are found already (`labelled_pictures`)."""
    results: list[dict[str, Any]] = []
    seen: list[LabelledPicture] = []
    absent = located.absent()
    for picture, place in progress(list(located)):
        try:
            image = read_place(place)
        except SourceError:
            absent.append(picture.file_name)
            continue
        seen.append(picture)
        results += [coco_result(pose, picture.number) for pose in predict(image)]
    refuse_missing(located, absent)
    _refuse_nobody(located, seen)
    return score(seen, results, len(absent), skeleton)


def _refuse_nobody(located: LocatedPictures, pictures: Sequence[LabelledPicture]) -> None:
    if not any(person.counts for picture in pictures for person in picture.people):
        raise DataError(
            f"nobody in the {len(pictures)} pictures of '{located.folder}' that can be read has labelled keypoints in "
            f"'{located.annotations.path}', so there is no AP; give the pictures of its people"
        )


def coco_result(pose: Pose, image_id: int | str) -> dict[str, Any]:
    """One record of COCO's results format: keypoints x, y, score (absent ones 0, 0, 0) and the person's score.

    COCO's 17 in its order; those of a set of one's own in that of the set.
    """
    keypoints = np.where(pose.found[:, None], pose.keypoints, 0.0)[_order(pose.skeleton)]
    return {
        "image_id": image_id,
        "category_id": _PERSON,
        "keypoints": [round(float(value), 3) for value in keypoints.ravel()],
        "score": round(float(pose.score), 5),
    }


@cache
def _order(skeleton: Skeleton) -> list[int]:
    return list(skeleton.mapping_to(label_skeleton(skeleton)))


def score(
    pictures: Sequence[LabelledPicture],
    results: Sequence[dict[str, Any]],
    missing: int = 0,
    skeleton: Skeleton = COCO_17,
) -> Scores:
    """COCO scores of results (`coco_result` with the pictures' numbers) against the people of these pictures.

    The size of a found person is that of the box around its keypoints: pycocotools' `loadRes` counts absent ones, at
    (0, 0), in, and so takes a small false person for a large one.
    """
    evaluation = matched(pictures, results, skeleton)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress there
        evaluation.accumulate()
        evaluation.summarize()
    stats = [float(value) for value in evaluation.stats]
    return Scores(
        **dict(zip(("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar"), stats[:6], strict=True)),
        images=len(pictures),
        missing=missing,
        people=sum(person.counts for picture in pictures for person in picture.people),
        found=len(results),
    )


def matched(
    pictures: Sequence[LabelledPicture], results: Sequence[dict[str, Any]], skeleton: Skeleton = COCO_17
) -> Any:
    """A COCOeval whose results are matched with the people of these pictures, not yet accumulated.

    Ids are our own whole numbers from 1: COCOeval takes a person of id 0 for nobody.
    """
    COCO, COCOeval = _pycocotools()
    images = [{"id": picture.number} for picture in pictures]
    people = [_truth(person, picture.number) for picture in pictures for person in picture.people]
    found = [_with_box(result) for result in results]
    with contextlib.redirect_stdout(io.StringIO()):
        both = []
        for records in (people, found):
            numbered = [{**record, "id": number} for number, record in enumerate(records, 1)]
            coco = COCO()
            coco.dataset = {"images": images, "annotations": numbered, "categories": [{"id": _PERSON}]}
            coco.createIndex()
            both.append(coco)
        evaluation = COCOeval(*both, "keypoints")
        evaluation.params.imgIds = [picture.number for picture in pictures]
        evaluation.params.catIds = [_PERSON]
        if skeleton is not COCO_17:
            evaluation.params.kpt_oks_sigmas = np.asarray(skeleton.sigmas)
        evaluation.evaluate()
    return evaluation


def _truth(person: Person, number: int) -> dict[str, Any]:
    return {
        "image_id": number,
        "category_id": _PERSON,
        "iscrowd": int(person.is_crowd),
        "num_keypoints": person.n_labelled,
        "keypoints": person.keypoints.ravel(),
        "bbox": person.box_xywh,
        "area": person.area,
    }


def _with_box(result: Mapping[str, Any]) -> dict[str, Any]:
    keypoints = np.reshape(result["keypoints"], (-1, 3))
    xy = keypoints[keypoints[:, 2] > 0, :2]
    width, height = xy.max(0) - xy.min(0) if len(xy) else (0.0, 0.0)
    box = [*(xy.min(0) if len(xy) else (0.0, 0.0)), width, height]
    return {**result, "iscrowd": 0, "area": float(width * height), "bbox": box}


def _pycocotools() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingDependencyError(f"pycocotools is not usable ({error}): pip install 'edgepose[eval]'") from None
    return COCO, COCOeval
