"""COCO keypoint AP of anything that turns a picture into poses: a model file, an engine, a network in training."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edgepose.errors import DataError, MissingDependencyError
from edgepose.options import Options
from edgepose.skeleton import BODYPOSENET_18, COCO_17
from edgepose.types import Image, Pose

Predict = Callable[[Image], Sequence[Pose]]
"""uint8 (H, W, 3) BGR picture to poses in its pixels, keypoints in BODYPOSENET_18's order."""

MAX_MISSING = 0.01
"""Share of annotated pictures that may be missing or unreadable; beyond it the figure would be another data set's."""

_PERSON = 1
_TO_COCO = list(BODYPOSENET_18.mapping_to(COCO_17))


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
) -> Scores:
    """Score `predict` on a COCO keypoint data set.

    annotations: COCO JSON with 17 keypoints a person; images: folder of its `file_name`s (with or without their
    folders). progress: wraps the loop over pictures, such as rich's `track`. DataError when the annotations cannot be
    read or more than 1 % of the pictures are missing.
    """
    truth = load_annotations(annotations)
    paths = {record["id"]: find_picture(Path(images), record["file_name"]) for record in truth["images"]}
    _refuse_missing([str(r["file_name"]) for r in truth["images"] if paths[r["id"]] is None], len(paths), images)
    results: list[dict[str, Any]] = []
    unreadable: list[str] = []
    for image_id, path in progress([(key, path) for key, path in paths.items() if path is not None]):
        image = _read(path)
        if image is None:
            unreadable.append(str(path))
            paths[image_id] = None
            continue
        results += [coco_result(pose, image_id) for pose in predict(image)]
    n_missing = sum(path is None for path in paths.values())
    _refuse_missing(unreadable, len(paths), images, n_missing)
    return score(truth, results, [key for key, path in paths.items() if path is not None], n_missing)


def load_annotations(path: str | Path) -> dict[str, Any]:
    """A COCO keypoint file as it stands; DataError when it is missing, no JSON or has no people with keypoints."""
    try:
        truth = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        raise DataError(f"cannot read annotations {path}: {(error.strerror or str(error)).lower()}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"annotations {path} are not JSON: {error}") from None
    if not isinstance(truth, dict) or not truth.get("images") or not truth.get("annotations"):
        raise DataError(f"annotations {path} are not COCO keypoints: wanted the lists 'images' and 'annotations'")
    for person in truth["annotations"]:
        if len(person.get("keypoints", ())) != 3 * COCO_17.n_keypoints or "area" not in person:
            raise DataError(
                f"annotations {path} are not COCO keypoints: record {person.get('id')} wants 'area' and 51 numbers in "
                f"'keypoints', and has {len(person.get('keypoints', ()))}"
            )
    return truth


def find_picture(folder: Path, file_name: str) -> Path | None:
    """Where a picture of a data set lies: at its recorded place in the folder, or directly in it."""
    for path in (folder / file_name, folder / Path(file_name).name):
        if path.is_file():
            return path
    return None


def coco_result(pose: Pose, image_id: int) -> dict[str, Any]:
    """One record of COCO's results format: 17 keypoints x, y, score (absent ones 0, 0, 0) and the person's score."""
    keypoints = np.where(pose.found[:, None], pose.keypoints, 0.0)[_TO_COCO]
    return {
        "image_id": image_id,
        "category_id": _PERSON,
        "keypoints": [round(float(value), 3) for value in keypoints.ravel()],
        "score": round(float(pose.score), 5),
    }


def score(
    truth: Mapping[str, Any], results: Sequence[dict[str, Any]], image_ids: Sequence[int], missing: int
) -> Scores:
    """COCO scores of results (`coco_result`) against annotations, on the pictures in `image_ids`.

    The size of a found person is that of the box around its keypoints: pycocotools' `loadRes` counts absent ones, at
    (0, 0), in, and so takes a small false person for a large one.
    """
    evaluation = matched(truth, results, image_ids)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress there
        evaluation.accumulate()
        evaluation.summarize()
    stats = [float(value) for value in evaluation.stats]
    wanted = set(image_ids)
    return Scores(
        **dict(zip(("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar"), stats[:6], strict=True)),
        images=len(image_ids),
        missing=missing,
        people=sum(
            person["image_id"] in wanted and any(person["keypoints"][2::3]) and not person.get("iscrowd")
            for person in truth["annotations"]
        ),
        found=len(results),
    )


def matched(truth: Mapping[str, Any], results: Sequence[dict[str, Any]], image_ids: Sequence[int]) -> Any:
    """A COCOeval whose results are matched with the annotations of the pictures in `image_ids`, not yet accumulated."""
    COCO, COCOeval = _pycocotools()
    with contextlib.redirect_stdout(io.StringIO()):
        coco_truth, coco_found = COCO(), COCO()
        coco_truth.dataset = dict(truth)
        coco_truth.createIndex()
        people = [_with_box(result, number) for number, result in enumerate(results, 1)]
        coco_found.dataset = {**truth, "annotations": people}
        coco_found.createIndex()
        evaluation = COCOeval(coco_truth, coco_found, "keypoints")
        evaluation.params.imgIds = list(image_ids)
        evaluation.params.catIds = [_PERSON]
        evaluation.evaluate()
    return evaluation


def _with_box(result: Mapping[str, Any], number: int) -> dict[str, Any]:
    keypoints = np.reshape(result["keypoints"], (-1, 3))
    xy = keypoints[keypoints[:, 2] > 0, :2]
    width, height = xy.max(0) - xy.min(0) if len(xy) else (0.0, 0.0)
    box = [*(xy.min(0) if len(xy) else (0.0, 0.0)), width, height]
    return {**result, "id": number, "iscrowd": 0, "area": float(width * height), "bbox": box}


def _refuse_missing(examples: Sequence[str], n_images: int, folder: str | Path, n_missing: int | None = None) -> None:
    n_missing = len(examples) if n_missing is None else n_missing
    if n_missing > MAX_MISSING * n_images:
        raise DataError(
            f"{n_missing} of {n_images} annotated pictures are missing or unreadable in {folder} (such as "
            f"{examples[0]}), and at most 1 % may be: give --images the folder that holds them"
        )


def _read(path: Path) -> Image | None:
    """A picture as the annotators saw it: pixel rows as stored, whatever EXIF says; None when it is unreadable."""
    import cv2

    data = np.fromfile(path, np.uint8)
    if not data.size:
        return None
    image: Image | None = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)  # type: ignore[assignment]
    return image


def _pycocotools() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingDependencyError(f"pycocotools is not usable ({error}); install edgepose[eval]") from None
    return COCO, COCOeval
