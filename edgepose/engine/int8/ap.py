"""What INT8 costs in COCO AP, with an interval: both networks are scored on the same resampled pictures."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgepose.annotations import LabelledPicture, Place, read_annotations, read_place, where_found
from edgepose.engine.int8.gate import ApLoss
from edgepose.engine.int8.pictures import Progress
from edgepose.errors import DataError
from edgepose.evaluation import coco_result, matched
from edgepose.keypoint_set import label_skeleton
from edgepose.skeleton import COCO_17, Skeleton
from edgepose.types import Image, Pose

N_RESAMPLES = 200

Eye = Callable[[Image], list[Pose]]  # a Sight is one


class AnnotatedPicture(NamedTuple):
    """One picture with its people, and how it is read."""

    labels: LabelledPicture
    place: Place


def annotated(annotations: Path, folder: Path, skeleton: Skeleton = COCO_17) -> list[AnnotatedPicture]:
    """The annotated pictures that are in a folder; DataError when there are none, or nobody in them is annotated."""
    truth = read_annotations(annotations, skeleton)
    truth.require_people()
    there = [AnnotatedPicture(*both) for both in where_found(truth, folder)]
    if not there:
        raise DataError(
            f"none of the {len(truth.pictures)} pictures that '{annotations}' names is in '{folder}', or can be read; "
            "give their folder"
        )
    if not any(person.counts for picture in there for person in picture.labels.people):
        raise DataError(
            f"nobody in the {len(there)} pictures that '{annotations}' names in '{folder}' has labelled keypoints, so "
            "there is no AP; give the pictures of its people"
        )
    return there


def ap_loss(
    exact: Eye, int8: Eye, pictures: Sequence[AnnotatedPicture], skeleton: Skeleton, progress: Progress
) -> ApLoss:
    """AP of FP32 and INT8 on the same pictures, and the 95 % interval of the difference (paired bootstrap).

    `skeleton` is the network's; the pictures are labelled with its label skeleton.
    """
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    for labels, place in progress(pictures, len(pictures), "annotated pictures"):
        image = read_place(place)
        before += [coco_result(pose, labels.number) for pose in exact(image)]
        after += [coco_result(pose, labels.number) for pose in int8(image)]
    labelled = [picture.labels for picture in pictures]
    labels = label_skeleton(skeleton)
    a, b = matched(labelled, before, labels), matched(labelled, after, labels)
    everything = np.arange(len(pictures))
    random = np.random.default_rng(0)
    losses = []
    for _ in range(N_RESAMPLES):
        sample = random.integers(0, len(pictures), len(pictures))
        losses.append(_ap(a, sample) - _ap(b, sample))
    low, high = np.nanpercentile(losses, [2.5, 97.5])  # NaN where a sample has nobody
    return ApLoss(
        before=_ap(a, everything),
        after=_ap(b, everything),
        loss_low=float(low),
        loss_high=float(high),
        images=len(pictures),
    )


def _ap(evaluation: Any, sample: np.ndarray[Any, Any]) -> float:
    """AP over the pictures at positions `sample`, which may repeat; matches are made once and only counted again.

    NaN where nobody is annotated in any of them.
    """
    resampled = copy.copy(evaluation)
    resampled.params = copy.deepcopy(evaluation.params)
    n = len(evaluation.params.imgIds)
    n_areas = len(evaluation.params.areaRng)
    # evalImgs lies as [area][image] for one category; imgIds only counts images here.
    resampled.evalImgs = [evaluation.evalImgs[area * n + int(k)] for area in range(n_areas) for k in sample]
    resampled.params.imgIds = list(range(len(sample)))
    resampled._paramsEval = copy.deepcopy(resampled.params)
    with contextlib.redirect_stdout(io.StringIO()):
        resampled.accumulate()
    precision = resampled.eval["precision"][:, :, :, 0, -1]
    valid = precision[precision > -1]
    return float(valid.mean()) if valid.size else float("nan")
