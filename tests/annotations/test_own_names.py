"""Keypoints of a set of one's own are found by name, however a labelling tool writes it, else by their place."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgepose.annotations import read_annotations
from edgepose.errors import DataError
from edgepose.keypoint_set import KeypointSet

ARMS = KeypointSet(
    name="arms_3",
    keypoints=("chest", "left_hand", "right_hand"),
    limbs=(("chest", "left_hand"), ("chest", "right_hand")),
).skeleton


def written(path, names, keypoints):
    category = {"id": 1, "name": "person"} | ({"keypoints": names} if names else {})
    person = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [v for x in keypoints for v in (x, 2 * x, 2)]}
    content = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [person], "categories": [category]}
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("names", "keypoints"),
    [
        (["chest", "left_hand", "right_hand"], [10, 20, 30]),
        (["RightHand", "Chest", "hand left"], [30, 10, 20]),
        (["r_hand", "foot", "l_hand", "nose", "chest"], [30, 1, 20, 2, 10]),
        (["0", "1", "2"], [10, 20, 30]),
        (None, [10, 20, 30]),
    ],
    ids=["as they are", "other order and case", "more than the set", "names that say nothing", "no names"],
)
def test_names_decide_and_else_places(tmp_path, names, keypoints):
    (picture,) = read_annotations(written(tmp_path / "a.json", names, keypoints), ARMS).pictures
    (person,) = picture.people
    np.testing.assert_array_equal(person.keypoints, [(10, 20, 2), (20, 40, 2), (30, 60, 2)])
    assert person.n_labelled == 3


@pytest.mark.parametrize(
    ("names", "keypoints", "words"),
    [
        (["chest", "left_hand", "foot"], [1, 2, 3], "do not name right_hand of the keypoint set 'arms_3'"),
        (None, [1, 2], "wanted x, y, visibility for the 3 of 'arms_3'"),
        (["chest", "left_hand", "right_hand", "nose"], [1, 2], "wanted x, y, visibility for 4, as its category names"),
    ],
)
def test_a_file_that_lacks_a_keypoint_is_refused(tmp_path, names, keypoints, words):
    with pytest.raises(DataError, match=words):
        read_annotations(written(tmp_path / "a.json", names, keypoints), ARMS)
