import numpy as np
import pytest
from pipeline_fakes import GreyBackend, nose_x, picture

from edgepose.errors import ClosedError, ShapeError
from edgepose.pipeline import Analyser


@pytest.fixture
def analyser():
    with Analyser(model=GreyBackend(), rules=()) as one:
        yield one


def test_a_frame_becomes_tracks_with_timings(analyser):
    result = analyser.update(picture(3), 0.0)
    (track,) = result.tracks
    assert track.pose.keypoints[0, 0] == pytest.approx(nose_x(3), abs=1.5)
    assert set(result.timings_ms) == {"preprocess", "infer", "group", "track", "rules"}
    assert result.image is not None


def test_sources_have_people_of_their_own(analyser):
    assert analyser.update(picture(3), 0.0, "a").tracks[0].id == 1
    assert analyser.update(picture(5), 0.0, "b").tracks[0].id == 1
    assert analyser.update(picture(3), 0.1, "a").seq == 1


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8), None],
    ids=["grey", "float", "empty", "none"],
)
def test_what_is_no_frame_is_refused(analyser, image):
    with pytest.raises(ShapeError, match="a frame"):
        analyser.update(image, 0.0)


def test_a_time_that_is_no_number_is_refused(analyser):
    with pytest.raises(ShapeError, match="second"):
        analyser.update(picture(3), float("nan"))


def test_using_it_closed_says_so():
    backend = GreyBackend()
    analyser = Analyser(model=backend, rules=())
    analyser.close()
    analyser.close()
    assert backend.closed
    with pytest.raises(ClosedError):
        analyser.update(picture(3), 0.0)
