"""What a program does with results: by name, as JSON, as a table, through pickle."""

import copy
import json
import math
import pickle

import numpy as np
import pytest

from edgepose import BODYPOSENET_18, COCO_17, Event, FrameResult, Pose, Track
from edgepose.errors import DataError
from edgepose.publish.schema import schemas
from edgepose.skeleton import Skeleton


def pose(**found):
    """A person with only the keypoints that are given, each (x, y, score)."""
    keypoints = np.full((18, 3), (np.nan, np.nan, 0), np.float32)
    for name, values in found.items():
        keypoints[BODYPOSENET_18.index(name)] = values
    return Pose(keypoints, 0.7)


def result():
    people = (
        Track(1, pose(nose=(10, 20, 0.9), left_wrist=(30.004, 40, 0.5)), 2.0, age_s=1.5),
        Track(2, pose(nose=(99, 99, 0.9)), 2.0, missing_s=0.4),
    )
    fall = Event("fall", "suspected", 1.9, 1, 0.8, evidence={"speed": np.float32(0.5), "angle": math.nan})
    return FrameResult("hall", 7, 2.0, (200, 100), people, (fall,), {"infer": 3.25}, dropped=2)


@pytest.mark.parametrize("name", ["left_wrist", "l_wrist"])
def test_a_keypoint_is_had_by_either_of_its_names(name):
    assert result().tracks[0].pose[name].tolist() == pytest.approx([30.004, 40, 0.5])


def test_a_keypoint_that_was_not_found_is_nan_by_name_and_none_in_the_dict():
    person = pose(nose=(10, 20, 0.5))
    assert math.isnan(person["left_ankle"][0])
    assert person["left_ankle"][2] == 0
    assert person.as_dict()["left_ankle"] is None
    assert person.as_dict()["nose"] == (10, 20, 0.5)


@pytest.mark.parametrize(("name", "says"), [("left_wirst", "left_wrist"), ("tail", "nose"), (3, "nose")])
def test_an_unknown_keypoint_is_answered_with_the_names_there_are(name, says):
    with pytest.raises(KeyError, match=says):
        result().tracks[0].pose[name]


def test_names_are_those_of_the_skeleton_the_pose_has():
    keypoints = np.zeros((17, 3), np.float32)
    keypoints[9] = (5, 6, 1)
    assert Pose(keypoints, 1.0, COCO_17)["left_wrist"].tolist() == [5, 6, 1]


def test_normalised_keypoints_count_from_the_outer_edges_of_the_picture():
    assert pose(nose=(-0.5, 99.5, 0.5)).normalised((200, 100))[0].tolist() == [0, 1, 0.5]


def test_the_dict_is_the_json_and_fits_the_schema_of_a_recording():
    jsonschema = pytest.importorskip("jsonschema")
    made = result().to_dict()
    assert made.keys() == json.loads(result().to_json()).keys()
    jsonschema.validate(made, schemas()["frame"])
    assert made["events"][0]["evidence"] == {"speed": 0.5, "angle": None}
    assert made["tracks"][0]["keypoints"][1] == [None, None, 0]


def parts(found):
    """All that `to_dict` says, but for the wall time, which is taken when it is asked."""
    return {name: value for name, value in found.to_dict().items() if name != "captured"}


def test_json_there_and_back_keeps_everything_but_the_picture():
    back = FrameResult.from_json(result().to_json())
    assert parts(back) == parts(result())
    assert (back.source, back.seq, back.size_wh, back.dropped) == ("hall", 7, (200, 100), 2)
    assert back.tracks[0].pose["left_wrist"].tolist() == pytest.approx([30, 40, 0.5])
    assert back.events[0].stage == "suspected"


@pytest.mark.parametrize("line", ["", "{}", b"\xff\xfe", "[" * 5000, '{"schema": "edgepose.frame/9"}'])
def test_what_is_no_record_is_refused_in_one_sentence(line):
    with pytest.raises(DataError, match="this is no edgepose") as refused:
        FrameResult.from_json(line)
    assert "\n" not in str(refused.value)


def test_rows_are_the_people_seen_with_a_column_for_every_number():
    (row,) = result().to_rows()
    assert (row["source"], row["seq"], row["track_id"], row["nose_x"]) == ("hall", 7, 1, 10)
    assert [row["box_x0"], row["box_y1"]] == pytest.approx([10, 40])
    assert len(row) == 10 + 3 * 18
    (shares,) = result().to_rows(normalised=True)
    assert shares["nose_x"] == pytest.approx(10.5 / 200)


def test_results_are_copied_and_pickled_with_a_skeleton_that_stays_the_same_one():
    again = pickle.loads(pickle.dumps(result()))
    assert parts(again) == parts(result())
    assert again.tracks[0].pose.skeleton is BODYPOSENET_18
    assert copy.deepcopy(result()).tracks[0].pose.skeleton is BODYPOSENET_18
    own = Skeleton("dots", ("a", "b"), (), (), (0.1, 0.1))
    assert pickle.loads(pickle.dumps(own)) == own
