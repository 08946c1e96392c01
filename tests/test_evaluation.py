"""COCO AP: the truth itself scores 1, errors cost what the definition says, missing pictures are not passed over."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from builders import pose_of, standing, without

from edgepose.errors import DataError
from edgepose.evaluation import coco_result, evaluate
from edgepose.skeleton import BODYPOSENET_18, COCO_17
from edgepose.types import Pose

pytest.importorskip("pycocotools")

N_IMAGES = 4
PEOPLE = [standing(feet=(60 + 10 * i, 220), height=190) for i in range(N_IMAGES)]


@pytest.fixture
def data_set(tmp_path):
    """Four pictures with one person each; the picture's brightness is its number."""
    order = list(BODYPOSENET_18.mapping_to(COCO_17))
    images, annotations = [], []
    for i, person in enumerate(PEOPLE):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((240, 320, 3), i, np.uint8))
        images.append({"id": i + 10, "file_name": f"val/{i}.png", "width": 320, "height": 240})
        keypoints = person[order].copy()
        keypoints[:, 2] = 2
        annotations.append(
            {
                "id": i + 1, "image_id": i + 10, "category_id": 1, "iscrowd": 0, "num_keypoints": 17,
                "area": 80.0 * 190.0, "bbox": [20, 20, 80, 200], "keypoints": keypoints.ravel().tolist(),
            }
        )  # fmt: skip
    categories = [{"id": 1, "name": "person"}]
    text = json.dumps({"images": images, "annotations": annotations, "categories": categories})
    (tmp_path / "truth.json").write_text(text)
    return tmp_path


def _score(data_set, predict):
    return evaluate(predict, data_set / "truth.json", data_set)


def _truth(image):
    return [pose_of(PEOPLE[int(image[0, 0, 0])])]


def test_the_truth_scores_one(data_set):
    scores = _score(data_set, _truth)
    assert (scores.ap, scores.ap50, scores.ap_large) == pytest.approx((1, 1, 1))
    assert (scores.images, scores.missing, scores.people, scores.found) == (4, 0, 4, 4)


def test_finding_nobody_scores_nothing(data_set):
    assert _score(data_set, lambda image: []).ap == 0


def test_half_of_the_people_give_half_of_the_recall(data_set):
    scores = _score(data_set, lambda image: _truth(image) if image[0, 0, 0] % 2 else [])
    assert scores.ar == pytest.approx(0.5)


def test_a_false_person_of_high_score_costs_and_of_low_score_does_not(data_set):
    def beside(score):
        ghost = standing(feet=(250, 230), height=100)
        return lambda image: [*_truth(image), Pose(ghost, score)]

    assert _score(data_set, beside(0.1)).ap == pytest.approx(1)
    assert _score(data_set, beside(0.95)).ap < 0.6


def test_the_wrong_keypoint_order_scores_badly(data_set):
    flipped = list(range(18))
    for right, left in BODYPOSENET_18.flip_pairs:
        flipped[right], flipped[left] = left, right
    assert _score(data_set, lambda image: [Pose(p.keypoints[flipped], p.score) for p in _truth(image)]).ap < 0.1


def test_absent_keypoints_are_zero_in_a_result():
    person = pose_of(without(standing(), "nose", "l_ankle"))
    keypoints = np.reshape(coco_result(person, 7)["keypoints"], (17, 3))
    assert keypoints[COCO_17.index("nose")].tolist() == [0, 0, 0]
    assert keypoints[COCO_17.index("l_ankle")].tolist() == [0, 0, 0]
    assert keypoints[COCO_17.index("l_hip")].tolist() == pytest.approx(person.keypoints[11].tolist(), abs=1e-3)


def test_more_than_one_percent_of_missing_pictures_is_refused(data_set):
    (data_set / "2.png").unlink()
    with pytest.raises(DataError, match=r"1 of 4 pictures of .* are missing .*such as val/2\.png"):
        _score(data_set, _truth)


def test_unreadable_pictures_count_as_missing(data_set):
    (data_set / "1.png").write_bytes(b"")
    (data_set / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="2 of 4 pictures"):
        _score(data_set, _truth)


def test_nothing_is_printed(data_set, capsys):
    _score(data_set, _truth)
    assert capsys.readouterr() == ("", "")
