"""A set's annotations are judged when they are read, by the reader of evaluation, not when a picture's turn comes."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from coco_files import HEIGHT, WIDTH, content, crowd, each, spoilt, without, write

pytest.importorskip("torch")

from edgepose.errors import DataError
from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training.data.coco import SetOptions, read_set
from edgepose.training.data.dataset import DataOptions, PoseDataset
from edgepose.training.data.labels import read
from edgepose.training.data.trusted import read_trusted

pytestmark = pytest.mark.torch


def options(folder, edit, **more):
    path = write(folder, spoilt(edit))
    return SetOptions(annotations=str(path), images=str(folder), min_keypoints=3, min_person_px=8, **more)


def add(**more):
    return lambda data: data["annotations"].append(crowd(**more))


READ = {
    "absolute names": lambda data: [one.update(file_name=f"/home/nobody/{one['file_name']}") for one in data["images"]],
    "no bbox": without("annotations", "bbox"),
    "an empty bbox": lambda data: data["annotations"][0].update(bbox=[]),
    "no size": without("images", "width", "height"),
    "no iscrowd": without("annotations", "iscrowd"),
    "ids as text": lambda data: [one.update(image_id=str(one["image_id"])) for one in data["annotations"]],
    "no ids": without("annotations", "id"),
    "a category of its own": lambda data: (each("annotations", category_id=7)(data), data["categories"].clear()),
    "a polygon without a list around it": add(segmentation=[10, 10, 30, 10, 30, 40]),
    "a crowd without a segmentation": add(),
    "slivers beside a polygon": add(segmentation=[[5, 5], [10, 10, 30, 10, 30, 40]]),
    "boxes of other things": add(category_id=3, iscrowd=0),
}


@pytest.mark.parametrize("edit", READ.values(), ids=READ.keys())
def test_what_other_writers_leave_out_is_filled_in(tmp_path, edit):
    pictures = read_set(options(tmp_path, edit), SKELETON)
    assert [len(picture.main) for picture in pictures] == [1, 1, 2]
    assert all(picture.mask().shape == (HEIGHT, WIDTH) for picture in pictures)


REFUSED = {
    "an empty polygon": (add(segmentation=[[]]), "annotation 999 .* no polygon"),
    "a polygon of one point": (add(segmentation=[[12, 13]]), "annotation 999 .* no polygon"),
    "a polygon of five numbers": (add(segmentation=[[1, 2, 3, 4, 5]]), "annotation 999 .* no polygon"),
    "run lengths of another size": (
        add(segmentation={"size": [100, 100], "counts": [5000, 5000]}),
        "annotation 999 .* run lengths of 100 x 100 pixels, its picture has 160 x 120",
    ),
    "a crowd that is nowhere": (add(bbox=None, segmentation=None), "annotation 999 .* says nowhere"),
    "a keypoint that is null": (
        lambda data: data["annotations"][0]["keypoints"].__setitem__(0, None),
        "annotation 100 .* keypoint nose",
    ),
    "pictures of half the size": (each("images", width=320, height=240), "has 160 x 120 .* records 320 x 240"),
    "nobody": (lambda data: data.update(annotations=[]), "have no keypoints"),
    "nobody large enough": (
        lambda data: [one.update(bbox=[5, 5, 4, 4]) for one in data["annotations"]],
        "its people are under min_person_px = 8 or have fewer than min_keypoints = 3 labelled",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_be_learned_wrongly_is_refused_before_the_run(tmp_path, edit, words):
    with pytest.raises(DataError, match=words):
        read_set(options(tmp_path, edit), SKELETON)


def test_crowds_are_masked_and_labelled_people_are_not(tmp_path):
    (first, *_) = read_set(options(tmp_path, add(segmentation=[[100, 10, 130, 10, 130, 40, 100, 40]])), SKELETON)
    mask = first.mask()
    assert mask[10:41, 100:131].all() and mask.sum() == 31 * 31


def test_a_turned_photo_is_learned_as_its_labels_see_it(tmp_path):
    """Labels of the rows as stored, which EXIF would turn: the picture that is drawn on is the stored one."""
    rows = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rows[:, :40] = 200
    data = cv2.imencode(".jpg", rows)[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    (tmp_path / "0001.png").write_bytes(data[:2] + b"\xff\xe1\0" + bytes([len(exif) + 2]) + exif + data[2:])
    dataset = PoseDataset(DataOptions(sets=(options(tmp_path, lambda data: None),)), SKELETON)
    picture = dataset._pictures[0][0]
    assert picture.size_wh == (WIDTH, HEIGHT) and read(picture)[60, 10].mean() > 150


def test_lists_of_any_writer_carry_no_chances(tmp_path):
    """They are looked for in every set that a teacher labels."""
    bare = write(tmp_path, b"\xef\xbb\xbf" + json.dumps({"images": [{"file_name": "0001.png"}]}).encode())
    assert read_trusted(str(bare), str(tmp_path), SKELETON) == {}


def test_a_set_without_people_needs_none(tmp_path):
    path = write(tmp_path, {"images": content()["images"]})
    pictures = read_set(SetOptions(annotations=str(path), images=str(tmp_path), labels="empty"), SKELETON)
    assert len(pictures) == 3 and not pictures[0].mask().any()
