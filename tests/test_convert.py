"""Other networks' keypoints: each layout lands on the same body, and what cannot be meant is refused in a sentence."""

from types import SimpleNamespace

import numpy as np
import pytest

import edgepose
from edgepose import BODYPOSENET_18, convert
from edgepose.convert import LAYOUTS
from edgepose.errors import ShapeError

BODY = {name: (10.0 + 7 * k, 200.0 - 5 * k, 0.5 + 0.01 * k) for k, name in enumerate(BODYPOSENET_18.keypoints)}
"""A made-up person: every keypoint at a place of its own."""
_SHOULDERS = np.array([BODY["l_shoulder"], BODY["r_shoulder"]])
BODY["neck"] = (*_SHOULDERS[:, :2].mean(0), _SHOULDERS[:, 2].min())


def as_layout(name):
    """The made-up person as another network would give it; keypoints that are only its own lie far off."""
    return np.array([BODY.get(keypoint, (900, 900, 0.9)) for keypoint in LAYOUTS[name]])


def expected():
    return np.array([BODY[name] for name in BODYPOSENET_18.keypoints])


@pytest.mark.parametrize(
    ("layout", "n", "place", "keypoint"),
    [
        ("coco17", 17, 9, "l_wrist"),  # COCO's annotation format
        ("openpose18", 18, 4, "r_wrist"),  # OpenPose's COCO model
        ("body25", 25, 11, "r_ankle"),  # OpenPose's BODY_25
        ("body25", 25, 15, "r_eye"),
        ("halpe26", 26, 18, "neck"),
        ("mediapipe33", 33, 24, "r_hip"),
        ("mediapipe33", 33, 8, "r_ear"),
    ],
)
def test_a_layout_has_its_keypoints_where_its_makers_put_them(layout, n, place, keypoint):
    assert len(LAYOUTS[layout]) == n
    assert LAYOUTS[layout][place] == keypoint


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_body(layout):
    pose = convert(as_layout(layout), layout)
    assert pose.keypoints == pytest.approx(expected(), abs=1e-3)
    assert pose.skeleton is BODYPOSENET_18
    assert pose.score == pytest.approx(expected()[:, 2].mean(), abs=1e-3)


def test_y_first_as_in_movenet():
    assert convert(as_layout("coco17")[:, [1, 0, 2]], "coco17", order="yx").keypoints == pytest.approx(
        expected(), abs=1e-3
    )


@pytest.mark.parametrize("style", ["{0}_{1}", "{2}_{1}"])
def test_a_dict_of_names_needs_no_layout(style):
    person = {}
    for name, values in BODY.items():
        side, _, joint = name.partition("_")
        person[style.format(side, joint, {"l": "left", "r": "right"}.get(side)) if joint else name] = values
    assert convert(person).keypoints == pytest.approx(expected(), abs=1e-3)


def test_as_dict_there_and_back():
    pose = convert(as_layout("coco17"), "coco17")
    assert convert(pose.as_dict()).keypoints == pytest.approx(pose.keypoints)


def test_shares_of_a_picture_become_pixels_of_it():
    table = as_layout("coco17")
    shares = table / (400, 300, 1)
    assert convert(shares, "coco17", size_wh=(400, 300))["nose"][:2] == pytest.approx(table[0, :2] - 0.5, abs=1e-3)
    assert convert(table, "coco17", size_wh=(400, 300))["nose"][:2] == pytest.approx(table[0, :2])


def test_landmarks_of_mediapipe_as_objects_and_as_four_columns():
    table = as_layout("mediapipe33")
    marks = [SimpleNamespace(x=x / 640, y=y / 480, z=0.1, visibility=v) for x, y, v in table]
    rows = [(mark.x, mark.y, mark.z, mark.visibility) for mark in marks]
    for given in (marks, rows):
        pose = convert(given, "mediapipe33", size_wh=(640, 480))
        assert pose.keypoints[:, :2] == pytest.approx(expected()[:, :2] - 0.5, abs=1e-2)


def test_absent_keypoints_and_a_neck_that_lacks_a_shoulder():
    table = as_layout("coco17")
    table[0] = (0, 0, 0.9)  # how many networks say that it is not there
    table[5, 2] = 0  # the left shoulder
    table[6, :2] = np.nan
    pose = convert(table, "coco17")
    assert not pose.found[[BODYPOSENET_18.index(name) for name in ("nose", "l_shoulder", "r_shoulder", "neck")]].any()
    assert pose.found.sum() == 14


def test_keypoints_without_scores_count_as_sure():
    assert convert(as_layout("coco17")[:, :2], "coco17").score == 1


COCO = as_layout("coco17")


@pytest.mark.parametrize(
    ("given", "options", "says"),
    [
        (COCO, {"layout": "coco"}, "did you mean 'coco17'"),
        (COCO, {}, "there are coco17"),
        (COCO, {"layout": "openpose18"}, "17 keypoints are coco17"),
        (COCO.T, {"layout": "coco17"}, r"keypoints\.T"),
        (COCO[None], {"layout": "coco17"}, "for person in keypoints"),
        (COCO / 1000, {"layout": "coco17"}, "size_wh"),
        (COCO * (1, 1, 100), {"layout": "coco17"}, "scores are 0 to 1"),
        (COCO, {"layout": "coco17", "order": "xyz"}, "'xy' or 'yx'"),
        ("people.jpg", {"layout": "coco17"}, r"array \(17, 3\)"),
        ([[1, 2], [3]], {"layout": "coco17"}, r"array \(17, 3\)"),
        ({"left_wirst": (1, 2, 3)}, {}, "left_wrist"),
        ({"nose": (100, 200, 0.5)}, {}, "shoulders and hips"),
        ({"left_hip": 3}, {}, "x, y and score"),
        ({"left_hip": (1,)}, {}, "x, y and score"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(given, options, says):
    with pytest.raises(ShapeError, match=says) as refused:
        convert(given, **options)
    assert "\n" not in str(refused.value)


def test_a_stream_of_coco_people_makes_the_fall_rule_speak():
    """A standing body turns about its feet within half a second and stays there."""
    standing = {
        "nose": (0, -160), "l_eye": (3, -163), "r_eye": (-3, -163), "l_ear": (6, -160), "r_ear": (-6, -160),
        "l_shoulder": (18, -140), "r_shoulder": (-18, -140), "l_elbow": (22, -112), "r_elbow": (-22, -112),
        "l_wrist": (22, -86), "r_wrist": (-22, -86), "l_hip": (11, -88), "r_hip": (-11, -88),
        "l_knee": (11, -46), "r_knee": (-11, -46), "l_ankle": (11, -4), "r_ankle": (-11, -4),
    }  # fmt: skip
    xy = np.array([standing[name] for name in LAYOUTS["coco17"]], float)
    detector = edgepose.FallDetector(size_wh=(640, 480))
    stages = []
    for frame in range(90):
        t = frame / 15
        angle = np.radians(90 * np.clip((t - 2) / 0.5, 0, 1) ** 2)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        person = np.column_stack([xy @ turn + (300, 420), np.full(17, 0.8)])
        events = detector.update([convert(person, "coco17")], t)
        stages += [event.stage for event in events if isinstance(event, edgepose.Event)]
    assert "suspected" in stages
    assert "confirmed" in stages
