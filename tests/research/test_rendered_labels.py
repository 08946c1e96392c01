"""Keypoints in pixels, what is seen of them, and COCO's records."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgepose.annotations import read_annotations
from edgepose.errors import DataError
from edgepose.skeleton import COCO_17
from research.rendered.annotate import Labelled, category, records
from research.rendered.camera import look_at
from research.rendered.dataset import RenderedSet
from research.rendered.draw import Drawn
from research.rendered.picture import Rendered
from research.rendered.solids import Box
from research.rendered.visibility import HIDDEN, OUTSIDE, VISIBLE, visibility

WRIST, NOSE = COCO_17.index("l_wrist"), COCO_17.index("nose")


def camera(barrel: float = 0.0, roll_deg: float = 0.0):
    return look_at(np.array([0, -4.0, 2.0]), np.array([0, 0, 0.5]), (640, 480), 70.0, roll_deg, barrel)


def test_the_target_is_in_the_picture_s_middle_and_up_is_up():
    pixels, depths = camera().project(np.array([[0, 0, 0.5], [0, 0, 1.0], [0.5, 0, 0.5]]))
    assert pixels[0] == pytest.approx([319.5, 239.5])
    assert pixels[1, 1] < 239.5
    assert pixels[2, 0] > 319.5
    assert depths[0] == pytest.approx(np.hypot(4, 1.5))


def test_what_is_behind_the_camera_has_no_pixel():
    assert np.isnan(camera().project(np.array([[0, -9.0, 2.0]]))[0]).all()


@pytest.mark.parametrize("barrel", [0.0, 0.1, 0.35])
def test_a_lens_s_distortion_is_undone_by_its_inverse(barrel):
    lens = camera(barrel)
    pixels = np.random.default_rng(0).uniform((0, 0), (639, 479), (50, 2))
    assert np.allclose(lens.distort(lens.undistort(pixels)), pixels, atol=1e-4)
    corners = lens.undistort(np.array([[0, 0], [639, 479.0]]))
    wide = lens.wide_size()
    assert np.ptp(corners[:, 0]) <= wide[0]
    assert np.ptp(corners[:, 1]) <= wide[1]


def seen(*, surface: float, owner: int, keypoint: int = WRIST, xy=(50.0, 40.0), depth: float = 3.0) -> int:
    """Visibility of one keypoint 3 m away when everything drawn is `surface` metres away and `owner`'s."""
    pixels, depths = np.tile(np.array(xy), (17, 1)), np.full(17, depth)
    maps = np.full((80, 100), surface, np.float32), np.full((80, 100), owner, np.uint8)
    return int(visibility(pixels, depths, 1, *maps)[keypoint])


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"surface": 2.97, "owner": 1}, VISIBLE),  # its own skin
        ({"surface": 2.7, "owner": 1}, HIDDEN),  # behind its own trunk
        ({"surface": 2.99, "owner": 2}, HIDDEN),  # behind somebody
        ({"surface": 1.0, "owner": 0}, HIDDEN),  # behind furniture
        ({"surface": 2.99, "owner": 1, "keypoint": NOSE}, VISIBLE),
        ({"surface": 2.8, "owner": 1, "keypoint": NOSE}, OUTSIDE),  # the back of a head
        ({"surface": 1.0, "owner": 0, "keypoint": NOSE}, HIDDEN),  # a face behind furniture
        ({"surface": 2.97, "owner": 1, "xy": (100.0, 40.0)}, OUTSIDE),
        ({"surface": 2.97, "owner": 1, "xy": (np.nan, np.nan)}, OUTSIDE),
    ],
)
def test_depth_tells_what_is_seen(case, expected):
    assert seen(**case) == expected


def test_a_keypoint_on_the_edge_of_a_limb_is_seen_by_a_neighbouring_pixel():
    pixels, depths = np.tile((50.0, 40.0), (17, 1)), np.full(17, 3.0)
    depth_map, owners = np.full((80, 100), 5.0, np.float32), np.zeros((80, 100), np.uint8)
    depth_map[:, 51:60], owners[:, 51:60] = 2.97, 1
    assert visibility(pixels, depths, 1, depth_map, owners)[WRIST] == VISIBLE


def test_a_box_hides_what_is_behind_it_alone():
    box = Box((0, 1.0, 0), (1.0, 0.2, 1.0), np.pi / 7)
    points = np.array([[0, 2, 0.5], [0, 0.5, 0.5], [3, 2, 0.5], [0, 2, 3.0]])
    assert box.hides(np.array([0, 0, 0.5]), points).tolist() == [True, False, False, False]


def labelled(owner: int, visible: int) -> Labelled:
    keypoints = np.column_stack((np.linspace(10, 40, 17), np.linspace(10, 60, 17), np.full(17, HIDDEN)))
    keypoints[:visible, 2] = VISIBLE
    return Labelled(owner, "back", keypoints)


def owners_map() -> np.ndarray:
    owners = np.zeros((80, 100), np.uint8)
    owners[10:61, 10:41] = 1
    owners[70:72, 90:92] = 2
    return owners


def test_records_are_read_back_as_coco(tmp_path):
    people = records(7, [labelled(1, 9)], owners_map())
    picture = {"id": 7, "file_name": "a.jpg", "width": 100, "height": 80}
    document = {"images": [picture], "categories": [category()], "annotations": people}
    (tmp_path / "a.json").write_text(json.dumps(document))
    person = read_annotations(tmp_path / "a.json").pictures[0].people[0]
    assert person.n_labelled == 17
    assert person.box_xywh == (10, 10, 31, 51)
    assert person.area == 31 * 51
    assert person.keypoints[0] == pytest.approx([10, 10, 2])
    assert person.keypoints[16] == pytest.approx([40, 60, 1])


def test_somebody_hidden_but_for_two_keypoints_is_a_region_without_any():
    (person,) = records(1, [labelled(1, 2)], owners_map())
    assert person["num_keypoints"] == 0
    assert not any(person["keypoints"])


def test_of_somebody_not_seen_there_is_no_record():
    assert records(1, [labelled(2, 9)], owners_map()) == []


def rendered() -> Rendered:
    drawn = Drawn(np.zeros((80, 100, 3), np.uint8), np.full((80, 100), 5, np.float32), owners_map())
    return Rendered(np.full((80, 100, 3), 90, np.uint8), [labelled(1, 9)], drawn, 80, False)


def test_a_set_grows_and_names_only_pictures_that_are_there(tmp_path):
    first = RenderedSet(tmp_path, seed=3)
    first.add(0, rendered())
    first.save()
    first.add(1, rendered())  # not saved: a run that was stopped
    again = RenderedSet(tmp_path, seed=3)
    assert again.next_number == 1
    again.add(1, rendered())
    again.save()
    annotations = read_annotations(tmp_path / "annotations.json")
    assert [picture.file_name for picture in annotations.pictures] == ["000000.jpg", "000001.jpg"]
    assert all((tmp_path / "images" / picture.file_name).is_file() for picture in annotations.pictures)
    assert "CC0" in json.loads((tmp_path / "annotations.json").read_text())["info"]["description"]


def test_a_set_of_another_seed_is_not_continued(tmp_path):
    one = RenderedSet(tmp_path, seed=3)
    one.add(0, rendered())
    one.save()
    with pytest.raises(DataError, match="same seed"):
        RenderedSet(tmp_path, seed=4)


@pytest.mark.parametrize("content", ["{", "[]", '{"info": {}}', '{"info": 3, "images": [], "annotations": []}'])
def test_a_file_that_is_no_rendered_set_is_left_alone(tmp_path, content):
    (tmp_path / "annotations.json").write_text(content)
    with pytest.raises(DataError):
        RenderedSet(tmp_path, seed=3)
    assert (tmp_path / "annotations.json").read_text() == content
