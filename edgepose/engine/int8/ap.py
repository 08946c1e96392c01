"""What INT8 costs in COCO AP, with an interval: both networks are scored on the same resampled pictures."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.engine.int8.gate import ApLoss
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.runs import Sight
from edgepose.errors import DataError
from edgepose.evaluation import coco_result, find_picture, load_annotations, matched
from edgepose.pictures import read_image

N_RESAMPLES = 200


def annotated(annotations: Path, folder: Path) -> list[tuple[int, Path]]:
    """(image id, path) of the annotated pictures that are in a folder; DataError when there are none."""
    truth = load_annotations(annotations)
    found = [(record["id"], find_picture(folder, record["file_name"])) for record in truth["images"]]
    there = [(number, path) for number, path in found if path is not None]
    if not there:
        raise DataError(
            f"none of the {len(found)} pictures that '{annotations}' names is in '{folder}'; give their folder"
        )
    return there


def ap_loss(
    exact: Sight, int8: Sight, annotations: Path, pictures: Sequence[tuple[int, Path]], progress: Progress
) -> ApLoss:
    """AP of FP32 and INT8 on the same pictures, and the 95 % interval of the difference (paired bootstrap)."""
    truth = load_annotations(annotations)
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    for number, path in progress(pictures, len(pictures), "annotated pictures"):
        image = read_image(path)
        before += [coco_result(pose, number) for pose in exact(image)]
        after += [coco_result(pose, number) for pose in int8(image)]
    numbers = [number for number, _ in pictures]
    a, b = matched(truth, before, numbers), matched(truth, after, numbers)
    everything = np.arange(len(numbers))
    random = np.random.default_rng(0)
    losses = []
    for _ in range(N_RESAMPLES):
        sample = random.integers(0, len(numbers), len(numbers))
        losses.append(_ap(a, sample) - _ap(b, sample))
    low, high = np.percentile(losses, [2.5, 97.5])
    return ApLoss(
        before=_ap(a, everything),
        after=_ap(b, everything),
        loss_low=float(low),
        loss_high=float(high),
        images=len(numbers),
    )


def _ap(evaluation: Any, sample: np.ndarray[Any, Any]) -> float:
    """AP over the pictures at positions `sample`, which may repeat; matches are made once and only counted again."""
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
    return float(valid.mean()) if valid.size else 0.0
