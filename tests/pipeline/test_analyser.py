import numpy as np
import pytest
from pipeline_fakes import GreyBackend, nose_x, picture

from edgepose.errors import ClosedError, ShapeError
from edgepose.pipeline import Analyser
from edgepose.types import Pose


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
    [np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8), None],
    ids=["float", "empty", "none"],
)
def test_what_is_no_frame_is_refused(analyser, image):
    with pytest.raises(ShapeError, match="a picture is"):
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


def person(x):
    keypoints = np.full((18, 3), (0, 0, 0.9), np.float32)
    keypoints[:, 0] = x + np.arange(18)
    keypoints[:, 1] = 50 + 10 * np.arange(18)
    return Pose(keypoints, 0.9)


def test_people_of_another_network_are_followed_without_one_of_our_own():
    with Analyser(rules=("posture",), network=False) as analyser:
        results = [analyser.update(t=n / 10, poses=[person(100 + n)], size_wh=(640, 480)) for n in range(5)]
    assert [track.id for track in results[-1].tracks] == [1]
    assert results[-1].size_wh == (640, 480)
    assert results[-1].image is None
    assert results[-1].seq == 4


def test_a_picture_beside_the_poses_stays_in_the_result():
    image = picture(3)
    with Analyser(rules=(), network=False) as analyser:
        assert analyser.update(image, 0.0, poses=[]).image is image


@pytest.mark.parametrize(
    ("network", "given", "says"),
    [
        (False, {"size_wh": (640, 480)}, "poses="),
        (False, {"poses": []}, "a picture is"),
        (False, {"poses": [], "size_wh": (0, 5)}, "size_wh"),
        (True, {"image": picture(3), "poses": []}, "network=False"),
        (True, {"size_wh": (640, 480)}, "a picture is"),
    ],
)
def test_what_an_analyser_cannot_work_with_is_said(network, given, says):
    analyser = Analyser(model=GreyBackend() if network else None, rules=(), network=network)
    with analyser, pytest.raises(ShapeError, match=says):
        analyser.update(t=0.0, **given)
