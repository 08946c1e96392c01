"""A keypoint set of one's own: what its file says, what of it is refused, and that people of it are grouped."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from builders import fields_of

import edgepose
from edgepose.decode.grouper import Grouper
from edgepose.decode.reference import group_reference
from edgepose.errors import ConfigError, ModelError
from edgepose.keypoint_set import KeypointSet, is_own, label_skeleton, pose_skeleton
from edgepose.model import ModelSpec
from edgepose.model.sidecar import read_sidecar, save_spec
from edgepose.skeleton import BODYPOSENET_18, COCO_17, SKELETONS, TRT_POSE_18

PUPPET = {
    "name": "puppet_5",
    "keypoints": ["head", "chest", "left_hand", "right_hand", "seat"],
    "limbs": [["chest", "head"], ["chest", "left_hand"], ["chest", "right_hand"], ["chest", "seat"]],
}
POINTS = np.array([(60, 20, 1), (60, 60, 1), (90, 70, 1), (30, 70, 1), (60, 120, 1)], np.float32)


def puppet(**changes: object) -> KeypointSet:
    return msgspec.convert({**PUPPET, **changes}, KeypointSet)


def test_sides_flips_and_sigmas_follow_from_the_names_where_nothing_else_is_said():
    skeleton = puppet().skeleton
    assert skeleton.keypoints == ("head", "chest", "l_hand", "r_hand", "seat")
    assert skeleton.long_names == ("head", "chest", "left_hand", "right_hand", "seat")
    assert skeleton.flip_pairs == ((3, 2),)
    assert skeleton.limbs == ((1, 0), (1, 2), (1, 3), (1, 4))
    assert skeleton.paf_channels == ((0, 1), (2, 3), (4, 5), (6, 7))
    assert skeleton.sigmas == (0.07,) * 5
    named = puppet(keypoints=["nose", "chest", "left_hand", "right_hand", "left_hip"], limbs=[
        ["chest", "nose"], ["chest", "left_hand"], ["chest", "right_hand"], ["chest", "left_hip"]],
        flips=[["left_hand", "right_hand"]], sigmas={"right_hand": 0.05}).skeleton  # fmt: skip
    assert named.sigmas == (0.026, 0.07, 0.07, 0.05, 0.107)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "coco_17"}, "is that of a built-in set"),
        ({"name": "My set"}, "is no word"),
        ({"keypoints": ["head"]}, "keypoints"),
        ({"keypoints": ["head", "Left Hand", "chest", "right_hand", "seat"]}, "'Left Hand' is no name"),
        ({"keypoints": ["head", "chest", "left_hand", "l_hand", "seat"]}, "two keypoints are named left_hand"),
        ({"limbs": [["chest", "foot"]]}, "limbs name 'foot', which is none of its keypoints: head, chest"),
        ({"limbs": [["chest", "head"], ["chest", "left_hand"], ["chest", "right_hand"]]}, "from head to seat"),
        ({"limbs": [*PUPPET["limbs"], ["head", "chest"]]}, "is there twice"),
        ({"limbs": [*PUPPET["limbs"], ["seat", "seat"]]}, "of one keypoint"),
        ({"limbs": [*PUPPET["limbs"], ["head", "left_hand"]]}, "no mirror image; add the limb head-right_hand"),
        ({"flips": [["left_hand", "right_foot"]]}, "flips name 'right_foot'"),
        ({"flips": [["left_hand", "right_hand"], ["left_hand", "head"]]}, "flips name left_hand twice"),
        ({"sigmas": {"foot": 0.1}}, "sigmas name 'foot'"),
        ({"sigmas": {"head": 3.0}}, "sigmas"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_a_sentence(changes, words):
    with pytest.raises(msgspec.ValidationError) as found:
        puppet(**changes)
    assert words in str(found.value)
    with pytest.raises(ConfigError):  # made in Python, it is an error of ours
        KeypointSet(**{**PUPPET, **changes})


def test_a_sidecar_carries_the_set_and_gives_it_back(tmp_path):
    spec = ModelSpec(name="mine", skeleton="puppet_5", keypoints=puppet())
    read = read_sidecar(save_spec(spec, tmp_path / "mine.onnx"))
    assert read == spec and read.keypoint_skeleton is spec.keypoint_skeleton
    assert read.pose_skeleton is read.keypoint_skeleton
    assert b"keypoints" not in save_spec(ModelSpec(name="ours"), tmp_path / "ours.onnx").read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [('"skeleton": "puppet_5"', '"skeleton": "coco_17"', "name the same set"), ('"seat"', '"foot"', "limbs name")],
)
def test_a_sidecar_whose_set_cannot_be_used_is_refused(tmp_path, old, new, words):
    path = save_spec(ModelSpec(name="mine", skeleton="puppet_5", keypoints=puppet()), tmp_path / "mine.onnx")
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ModelError, match=words):
        read_sidecar(path)


@pytest.mark.parametrize("native", [True, False], ids=["native", "reference"])
def test_people_of_a_set_are_grouped_whole_and_with_half_of_their_keypoints(native):
    skeleton = puppet().skeleton
    half = POINTS + np.float32((120, 0, 0))
    half[[2, 3]] = np.nan, np.nan, 0  # no hands: three keypoints and two limbs are left
    fields = fields_of([POINTS, half], skeleton=skeleton, input_hw=(160, 256))
    options = edgepose.decode.GroupOptions()
    poses = Grouper(skeleton, options)(fields) if native else group_reference(fields, skeleton, options)
    assert [int(pose.found.sum()) for pose in poses] == [5, 3]
    np.testing.assert_allclose(poses[0].keypoints[:, :2], POINTS[:, :2], atol=1.5)
    assert poses[0].skeleton is skeleton and poses[0]["left_hand"][0] > poses[0]["right_hand"][0]


def test_a_tracker_follows_people_of_a_set():
    skeleton = puppet().skeleton
    tracker = edgepose.Tracker(skeleton=skeleton)
    seen = POINTS.copy()
    seen[[0, 4]] = np.nan, np.nan, 0  # three of five, fewer than a whole body would need
    for number in range(4):
        pose = edgepose.Pose(seen + np.float32((number, 0, 0)), 0.9, skeleton)
        tracks = tracker.update([pose], number / 10)
    assert [track.id for track in tracks] == [1] and tracks[0].pose.skeleton is skeleton


def test_a_recorded_result_keeps_the_names_of_its_keypoints():
    skeleton = puppet().skeleton
    track = edgepose.Track(id=1, pose=edgepose.Pose(POINTS, 0.9, skeleton), t=1.0)
    result = edgepose.FrameResult("hall", 0, 1.0, size_wh=(160, 120), tracks=(track,))
    again = edgepose.FrameResult.from_json(result.to_json())
    assert again.tracks[0].pose.as_dict() == track.pose.as_dict()
    assert "keypoint_set" not in edgepose.FrameResult("hall", 0, 1.0, size_wh=(160, 120)).to_dict()


def test_only_a_set_of_ones_own_keeps_its_order():
    own = puppet().skeleton
    assert is_own(own) and not any(map(is_own, SKELETONS.values()))
    assert [pose_skeleton(one) for one in (own, TRT_POSE_18)] == [own, BODYPOSENET_18]
    assert [label_skeleton(one) for one in (own, TRT_POSE_18)] == [own, COCO_17]
