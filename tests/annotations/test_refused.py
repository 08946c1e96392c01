"""Annotations that nothing can be made of: one sentence, with the record's id where there is one."""

from __future__ import annotations

import codecs

import pytest
from coco_files import NAMES, ORDER_18, category, crowd, each, perfect, renamed, spoilt, without, write

from edgepose.annotations import read_annotations
from edgepose.errors import DataError


def _two_kinds(data):
    category(1, "worker")(data)
    data["categories"].append({"id": 2, "name": "visitor"})
    data["annotations"][0]["category_id"] = 2


def _nameless(data):
    renamed(ORDER_18)(data)
    del data["categories"][0]["keypoints"]


REFUSED = {
    "not JSON": (b"{", "are not JSON"),
    "not UTF-8": ('{"images": [{"id": 1, "file_name": "ü"}]}'.encode("latin-1"), "are not JSON"),
    "a mark before something else": (codecs.BOM_UTF16_LE + b"{}\x00", "are not the utf-16"),
    "a list": (b"[]", "wanted lists of records 'images' and 'annotations'"),
    "nested without end": (b'{"info": ' + b"[" * 100_000, "are not JSON"),
    "no pictures": (spoilt(lambda d: d.update(images=[])), "the list 'images' is empty"),
    "a picture that is none": (spoilt(lambda d: d.update(images=[None])), r"Expected `object`.*\$\.images\[0\]"),
    "no file_name": (spoilt(without("images", "file_name")), "picture 1 of .* has no file_name"),
    "no id of a picture": (spoilt(without("images", "id")), "picture '0001.png' of .* has no id"),
    "one id for two pictures": (spoilt(each("images", id=1)), "two pictures of id 1, '0001.png' and '0002.png'"),
    "image_id that matches nothing": (
        spoilt(each("annotations", image_id=77)),
        "annotation 100 and 3 others have an image_id that no record",
    ),
    "two categories of one id": (
        spoilt(lambda d: d["categories"].append({"id": 1, "name": "dog"})),
        "two categories of id 1, 'person' and 'dog'",
    ),
    "two kinds of people": (
        spoilt(_two_kinds),
        r"2 \(visitor\), 1 \(worker\) have keypoints, and none is called person",
    ),
    "a category that is not declared": (
        spoilt(lambda d: d["annotations"][1].update(category_id=17)),
        "annotation 101 has keypoints and category 17",
    ),
    "keypoints null": (
        spoilt(lambda d: d["annotations"][0]["keypoints"].__setitem__(0, None)),
        "annotation 100 of .* its keypoint nose",
    ),
    "keypoints NaN": (
        spoilt(each("annotations", keypoints=[float("nan")] * 51)),
        "annotation 100 of .* null, NaN or a number beyond",
    ),
    "keypoints beyond all pictures": (
        spoilt(each("annotations", keypoints=[1e9, 5, 2] * 17)),
        "annotation 100 of .* beyond",
    ),
    "keypoints that are words": (spoilt(each("annotations", keypoints=["x"] * 51)), "keypoints that are no numbers"),
    "18 keypoints without names": (spoilt(_nameless), "has 54 numbers in 'keypoints'"),
    "18 keypoints that only have numbers": (
        spoilt(renamed([str(k) for k in range(18)])),
        "have 18 keypoints, of which 0 are named as COCO names them",
    ),
    "x and y without visibility": (spoilt(each("annotations", keypoints=[5.0] * 34)), "has 34 numbers in 'keypoints'"),
    "one name for two keypoints": (
        spoilt(lambda d: d["categories"][0].update(keypoints=["nose", *NAMES[:16]])),
        "name the keypoint nose twice",
    ),
    "shares of the picture": (
        spoilt(each("annotations", keypoints=[0.25, 0.5, 2] * 17)),
        "all keypoints between 0 and 1; COCO's are pixels",
    ),
    "a crowd that is nowhere": (
        spoilt(lambda d: d["annotations"].append(crowd(bbox=None, segmentation=None))),
        "annotation 999 of .* says nowhere",
    ),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_named(tmp_path, data, words):
    with pytest.raises(DataError, match=words):
        read_annotations(write(tmp_path, data))


NOBODY = {
    "no list of people": lambda data: data.pop("annotations"),
    "an empty list of people": lambda data: data.update(annotations=[]),
    "boxes alone": without("annotations", "keypoints"),
    "nothing labelled": each("annotations", keypoints=[0] * 51),
    "crowds alone": each("annotations", iscrowd=1),
}


@pytest.mark.parametrize("edit", NOBODY.values(), ids=NOBODY.keys())
def test_an_ap_over_nobody_is_refused_in_words(tmp_path, edit):
    pytest.importorskip("pycocotools")
    from edgepose.evaluation import evaluate

    with pytest.raises(DataError, match="have no keypoints: wanted people with labelled keypoints"):
        evaluate(perfect, write(tmp_path, spoilt(edit)), tmp_path)


def test_a_list_of_pictures_without_people_is_one(tmp_path):
    path = write(tmp_path, {"images": [{"file_name": "0001.png"}, {"file_name": "0002.png"}]})
    assert [picture.file_name for picture in read_annotations(path).pictures] == ["0001.png", "0002.png"]


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_is_none_is_named(tmp_path, name):
    with pytest.raises(DataError, match=r"cannot read annotations|are no file"):
        read_annotations(tmp_path / name)
