import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_fakes import GreyBackend, PicturesSource, nose_x, person, picture

from edgepose.errors import ShapeError
from edgepose.look.crop import cut_out, to_frame
from edgepose.pipeline import Analyser, Pipeline
from edgepose.types import Event, LookAgain, Pose


def request(crop=(10, 20, 60, 50), rotation=0):
    return LookAgain(crop, rotation, track_id=1)


@pytest.mark.parametrize("rotation", [-90, 0, 90, 180, 270, 360])
@given(x=st.integers(10, 59), y=st.integers(20, 49))
def test_a_pixel_of_the_turned_crop_maps_back_to_where_it_came_from(rotation, x, y):
    image = np.zeros((70, 90, 3), np.uint8)
    image[y, x] = 255
    crop = cut_out(image, request(rotation=rotation))
    (row,), (column,) = np.nonzero(crop[..., 0])
    spot = Pose(np.array([[column, row, 1]], np.float32), 1.0)
    (pose,) = to_frame([spot], request(rotation=rotation), (70, 90))
    assert pose.keypoints[0, :2].tolist() == [x, y]


def test_a_quarter_turn_is_counter_clockwise():
    image = np.zeros((40, 80, 3), np.uint8)
    image[:, -1] = 255  # the right edge comes to lie on top
    assert cut_out(image, request((0, 0, 79, 39), 90))[0].all()


def test_a_crop_beyond_the_picture_is_cut_at_its_edge():
    assert cut_out(np.zeros((70, 90, 3), np.uint8), request((-50, -50, 500, 500))).shape == (70, 90, 3)


@pytest.mark.parametrize(
    "crop", [(200, 10, 300, 60), (10, 10, 12, 60), (np.nan, 0, 50, 50)], ids=["outside", "narrow", "no number"]
)
def test_nothing_is_cut_where_there_is_nothing_to_see(crop):
    assert cut_out(np.zeros((70, 90, 3), np.uint8), request(crop)) is None
    assert to_frame([], request(crop), (70, 90)) == []


def test_a_turn_that_is_no_quarter_is_refused():
    with pytest.raises(ShapeError, match="multiple of 90"):
        cut_out(np.zeros((70, 90, 3), np.uint8), request(rotation=45))


class Curious:
    """Wishes once to see the whole picture again and tells where the nose was."""

    def __init__(self, size_wh=None, rotation=0):
        self._asked, self._rotation = False, rotation

    def update(self, tracks, t):
        if self._asked or not tracks:
            return []
        self._asked = True
        return [LookAgain((0, 0, 127, 127), self._rotation, tracks[0].id)]

    def second_look(self, request, poses, t):
        (pose,) = poses
        x, y = pose.keypoints[0, :2].tolist()
        return [Event("look", "answered", t, request.track_id, evidence={"nose_xy": (x, y)})]


def test_a_rule_is_shown_what_the_second_look_found():
    source = PicturesSource([picture(3)] * 30, period_s=0.01)
    with Pipeline(source=source, model=GreyBackend(), rules=[Curious], publishers=()) as running:
        events = [event for result in running for event in result.events]
        report = running.report()
    (event,) = events
    assert event.track_id == 1
    assert event.evidence["nose_xy"] == pytest.approx((nose_x(3), person(3)[0, 1]), abs=1.5)
    assert set(report["latency_ms"]["second_look"]) == {"p50", "p99"}


def test_the_analyser_answers_second_looks_with_the_frame_they_are_about():
    with Analyser(model=GreyBackend(), rules=[lambda size_wh: Curious(rotation=180)]) as analyser:
        (event,) = analyser.update(picture(3), 0.0).events
        assert analyser.update(picture(3), 0.1).events == ()
    upright = person(3)[0, :2]
    assert event.evidence["nose_xy"] == pytest.approx((127 - upright[0], 127 - upright[1]), abs=1.5)
