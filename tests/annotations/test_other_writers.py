"""Files that lack or write otherwise what COCO's own have: the same people come out, so a perfect network scores 1."""

from __future__ import annotations

import codecs
import json

import pytest
from coco_files import NAMES, ORDER_18, category, content, each, perfect, renamed, spoilt, without, write

from edgepose.annotations import read_annotations


def _nested(data):
    for record in data["annotations"]:
        flat = record["keypoints"]
        record["keypoints"] = [flat[k : k + 3] for k in range(0, 51, 3)]


def _moved(first, name="image_id"):
    def edit(data):
        for record in data["images"]:
            record["id"] += first - 1
        for record in data["annotations"]:
            record[name] += first - 1

    return edit


def _text_ids(data):
    for key, name in (("images", "id"), ("annotations", "image_id"), ("annotations", "category_id")):
        for record in data[key]:
            record[name] = str(record[name])


def _named_ids(data):
    for key, name in (("images", "id"), ("annotations", "image_id")):
        for record in data[key]:
            record[name] = f"frame {record[name]:03}"


def _padded_ids(data):
    for record in data["annotations"]:
        record["image_id"] = f"{record['image_id']:04}"


def _number_ids(data):
    for number, record in enumerate(data["annotations"]):
        record["id"] = number


def _roboflow(data):
    data["categories"].insert(0, {"id": 0, "name": "people-and-dogs", "supercategory": "none"})
    data["categories"][1].update(name="worker")


def _dogs(data):
    """Another species with keypoints, and boxes of a third."""
    data["categories"] += [{"id": 2, "name": "dog", "keypoints": NAMES}, {"id": 3, "name": "cat"}]
    dog = data["annotations"][0] | {"id": 500, "category_id": 2}
    cat = {"id": 501, "image_id": 1, "category_id": 3, "bbox": [1, 1, 50, 50]}
    data["annotations"] += [dog, cat]


WRITERS = {
    "COCO": lambda data: None,
    "people counted from 0": _number_ids,
    "pictures counted from 0": _moved(0),
    "ids as text": _text_ids,
    "ids as words": _named_ids,
    "ids of pictures as text on one side": _padded_ids,
    "ids as floats": lambda data: [a.update(image_id=float(a["image_id"])) for a in data["annotations"]],
    "no ids of people": without("annotations", "id"),
    "one id for all people": each("annotations", id=7),
    "a person twice": lambda data: data["annotations"].append(dict(data["annotations"][0])),
    "a picture twice": lambda data: data["images"].append(dict(data["images"][0])),
    "no num_keypoints": without("annotations", "num_keypoints"),
    "num_keypoints of 0": each("annotations", num_keypoints=0),
    "no iscrowd": without("annotations", "iscrowd"),
    "iscrowd as text": each("annotations", iscrowd="0"),
    "no bbox": without("annotations", "bbox"),
    "bbox empty": each("annotations", bbox=[]),
    "no area": without("annotations", "area"),
    "area null": each("annotations", area=None),
    "area of 0": each("annotations", area=0),
    "area beyond what COCO counts": each("annotations", area=1e12),
    "no sizes": without("images", "width", "height"),
    "sizes null": each("images", width=None, height=None),
    "sizes as text": each("images", width="160", height="120"),
    "numbers as text": lambda data: [a.update(keypoints=[str(v) for v in a["keypoints"]]) for a in data["annotations"]],
    "keypoints in triples": _nested,
    "category 0": category(0),
    "category 7": category(7),
    "category of another name": category(3, "worker"),
    "a category for the class above": _roboflow,
    "other species": _dogs,
    "no categories": lambda data: data.pop("categories"),
    "no category_id": without("annotations", "category_id"),
    "category ids that match nothing": each("annotations", category_id=9),
    "keypoints called 0 to 16": lambda data: data["categories"][0].update(keypoints=[str(k) for k in range(17)]),
    "a record of a person without keypoints": lambda data: data["annotations"].append(
        data["annotations"][0] | {"id": 98, "keypoints": None}
    ),
    "18 keypoints in another order": renamed(ORDER_18),
    "people of pictures that are not listed": lambda data: data["annotations"].append(
        data["annotations"][0] | {"id": 97, "image_id": 55}
    ),
    "keys of its own": each("annotations", attributes={"occluded": False}, region_attributes={}, track_id=None),
    "NaN where nobody looks": each("annotations", score=float("nan")),
    "a number that no float holds where nobody looks": each("annotations", score=10**400),
}  # fmt: skip


@pytest.mark.parametrize("edit", WRITERS.values(), ids=WRITERS.keys())
def test_a_perfect_network_scores_one(tmp_path, edit):
    pytest.importorskip("pycocotools")
    from edgepose.evaluation import evaluate

    scores = evaluate(perfect, write(tmp_path, spoilt(edit)), tmp_path)
    assert (scores.ap, scores.people, scores.found) == (pytest.approx(1), 4, 4)


@pytest.mark.parametrize(
    "mark",
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
    ids=["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"],
)
def test_byte_order_marks_are_read_over(tmp_path, mark):
    data = mark[0] + json.dumps(content()).encode(mark[1])
    assert read_annotations(write(tmp_path, data)).n_people == 4


def test_ids_are_kept_as_the_file_has_them(tmp_path):
    pictures = read_annotations(write(tmp_path, spoilt(_named_ids))).pictures
    assert [picture.id for picture in pictures] == ["frame 001", "frame 002", "frame 003"]
    assert [picture.number for picture in pictures] == [1, 2, 3]


def test_numbers_follow_the_ids_as_pycocotools_orders_them(tmp_path):
    """Equal scores are decided by the order of pictures, so AP of a good file is that of pycocotools."""
    data = spoilt(lambda data: data["images"].reverse())
    assert [(picture.id, picture.number) for picture in read_annotations(write(tmp_path, data)).pictures] == [
        (3, 3), (2, 2), (1, 1),
    ]  # fmt: skip


def test_ids_that_stand_twice_are_named(tmp_path, caplog):
    read_annotations(write(tmp_path, spoilt(each("annotations", id=7))))
    assert "3 ids of people stand twice, such as annotation 7" in caplog.text


def test_keypoints_that_a_file_leaves_out_are_named_and_not_labelled(tmp_path, caplog):
    def edit(data):
        for record in data["annotations"]:
            record["keypoints"] = record["keypoints"][15:]  # without nose, eyes and ears, as CrowdPose
        data["categories"][0]["keypoints"] = NAMES[5:]

    annotations = read_annotations(write(tmp_path, spoilt(edit)))
    assert annotations.unlabelled == ("nose", "l_eye", "r_eye", "l_ear", "r_ear")
    person = annotations.pictures[0].people[0]
    assert person.n_labelled == 12 and person.keypoints[:5].tolist() == [[0, 0, 0]] * 5
    assert "labels no nose, l_eye" in caplog.text
