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


def test_scores_are_those_of_pycocotools_own_reader(tmp_path):
    """A good file with crowds, unlabelled people, equal scores and ids in no order: not a bit differs."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(5)
    order = list(COCO_17.mapping_to(BODYPOSENET_18))
    images, annotations, results, poses = [], [], [], {}
    for k, image_id in enumerate(rng.permutation(40)[:9].tolist()):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.full((200, 300, 3), k, np.uint8))
        images.append({"id": image_id, "file_name": f"{k}.png", "width": 300, "height": 200})
        poses[k] = []
        for _ in range(4):
            size = float(rng.uniform(20, 180))
            xy = rng.uniform(0, size, (17, 2)).round(2)
            visible = rng.integers(0, 3, 17) * (rng.random() < 0.85)
            box = [*xy.min(0).tolist(), *np.ptp(xy, axis=0).tolist()]
            annotations.append(
                {
                    "id": 900 - len(annotations), "image_id": image_id, "category_id": 1,
                    "iscrowd": int(rng.random() < 0.1), "num_keypoints": int((visible > 0).sum()),
                    "area": 0.5 * box[2] * box[3], "bbox": box,
                    "keypoints": np.column_stack([xy * (visible > 0)[:, None], visible]).ravel().tolist(),
                }
            )  # fmt: skip
            seen = np.column_stack([xy + rng.normal(0, 0.05 * size, (17, 2)), np.ones(17)]).astype(np.float32)
            own = np.array([seen[j] if j >= 0 else (np.nan, np.nan, 0) for j in order], np.float32)
            poses[k].append(Pose(own, float(rng.choice([0.3, 0.6, 0.9]))))
            result = coco_result(poses[k][-1], image_id)
            (x0, y0), (x1, y1) = (f(np.reshape(result["keypoints"], (-1, 3))[:, :2], 0) for f in (np.min, np.max))
            bbox = [x0, y0, x1 - x0, y1 - y0]
            results.append(result | {"id": len(results) + 1, "iscrowd": 0, "area": bbox[2] * bbox[3], "bbox": bbox})
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "x"}]}))
    truth, found = COCO(str(path)), COCO()
    found.dataset = truth.dataset | {"annotations": results}
    found.createIndex()
    reference = COCOeval(truth, found, "keypoints")
    reference.evaluate()
    reference.accumulate()
    reference.summarize()
    scores = evaluate(lambda image: poses[int(image[0, 0, 0])], path, tmp_path)
    ours = [scores.ap, scores.ap50, scores.ap75, scores.ap_medium, scores.ap_large, scores.ar]
    assert ours == reference.stats[:6].tolist() and 0 < scores.ap < 1


def test_people_of_missing_pictures_alone_give_no_ap(data_set):
    content = json.loads((data_set / "truth.json").read_text())
    for record in content["images"][1:]:
        record["id"] += 100
    copies = [content["images"][1] | {"id": 1000 + k, "file_name": f"{k}.png"} for k in range(4, 120)]
    for record in copies:
        (data_set / record["file_name"]).write_bytes((data_set / "1.png").read_bytes())
    content["images"] += copies
    content["annotations"] = content["annotations"][:1]
    (data_set / "0.png").unlink()
    (data_set / "truth.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"nobody in the 119 pictures of .* so there is no AP"):
        _score(data_set, _truth)
