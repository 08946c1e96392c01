"""Drawing: a copy, at the right place, by side, score and size, and a fall in red."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.overlay import Labels, draw
from edgepose.overlay.labels import ALERT, draw_label
from edgepose.overlay.skeletons import LEFT, MIDDLE, RIGHT, limb_colour, stroke_px
from edgepose.skeleton import BODYPOSENET_18, COCO_17, TRT_POSE_18
from edgepose.sources.people import Scene, SceneOptions
from edgepose.types import Event, FrameResult, Pose, Track
from edgepose.types.labels import ALERT_STAGES, FALL_WORDS

GREY = np.full((480, 640, 3), 128, np.uint8)


def walker(score: float = 1.0) -> Pose:
    pose = Scene(SceneOptions(people=1, size=0.8)).poses(0.5)[0]
    keypoints = pose.keypoints.copy()
    keypoints[pose.found, 2] = score
    return Pose(keypoints, score)


def changed(image: np.ndarray) -> np.ndarray:
    return (image != GREY).any(2)


def near(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    """How many pixels are about this colour; drawings are blended a little with the picture."""
    return int((np.abs(image.astype(int) - colour).max(2) < 40).sum())


def result(stage: str, missing_s: float = 0.0) -> FrameResult:
    track = Track(7, walker(), 1.0, missing_s=missing_s)
    return FrameResult("hall", 0, 1.0, (640, 480), (track,), (Event("fall", stage, 1.0, track_id=7),))


def test_the_picture_given_is_left_alone():
    image = GREY.copy()
    image.flags.writeable = False
    assert changed(draw(image, [walker()])).any()
    assert (image == GREY).all()


def test_drawing_stays_around_the_person():
    rows, columns = np.nonzero(changed(draw(GREY, [walker()])))
    x0, y0, x1, y1 = walker().box_xyxy
    margin = 3 * stroke_px(walker()) + 3
    assert columns.min() >= x0 - margin
    assert columns.max() <= x1 + margin
    assert rows.min() >= y0 - margin
    assert rows.max() <= y1 + margin


def test_every_drawn_keypoint_marks_its_pixel():
    image = draw(GREY, [walker()])
    x, y = walker().keypoints[walker().found, :2].round().astype(int).T
    assert changed(image)[y, x].all()


def test_right_is_warm_and_left_is_cold():
    keypoints = np.full((18, 3), (np.nan, np.nan, 0), np.float32)
    for name, x in (
        ("r_hip", 100),
        ("r_knee", 100),
        ("r_ankle", 100),
        ("l_hip", 500),
        ("l_knee", 500),
        ("l_ankle", 500),
    ):
        keypoints[BODYPOSENET_18.index(name)] = (x, {"hip": 100, "knee": 250, "ankle": 400}[name[2:]], 1)
    image = draw(GREY, [Pose(keypoints, 1.0)])
    assert near(image[:, :320], RIGHT) > 500 > near(image[:, :320], LEFT)
    assert near(image[:, 320:], LEFT) > 500 > near(image[:, 320:], RIGHT)


@pytest.mark.parametrize("skeleton", [BODYPOSENET_18, TRT_POSE_18])
def test_a_limb_from_the_middle_takes_its_outer_side(skeleton):
    def colour(start: str, end: str) -> tuple[int, int, int]:
        return limb_colour(skeleton, (skeleton.index(start), skeleton.index(end)))

    assert colour("neck", "r_hip") == RIGHT
    assert colour("l_elbow", "l_wrist") == LEFT
    assert colour("neck", "nose") == MIDDLE
    assert colour("l_hip", "r_hip") == MIDDLE


def test_weak_keypoints_fade():
    strong, weak = draw(GREY, [walker(0.9)]), draw(GREY, [walker(0.1)])
    assert near(strong, RIGHT) > 5 * near(weak, RIGHT)


def test_strokes_grow_with_the_person():
    small, large = (Pose(walker().keypoints * np.float32([size, size, 1]), 1.0) for size in (0.2, 2.0))
    assert stroke_px(small) < stroke_px(walker()) < stroke_px(large)


def test_a_fall_is_framed_in_red_and_its_end_is_not():
    assert near(draw(GREY, result("confirmed")), ALERT) > 500
    assert near(draw(GREY, result("recovered")), ALERT) < 200


def test_labels_given_stay_without_an_event():
    track = Track(3, walker(), 1.0)
    assert near(draw(GREY, [track], labels={3: "long_lie"}), ALERT) > 500


def test_lost_tracks_are_not_drawn():
    assert not changed(draw(GREY, result("cleared", missing_s=0.5))).any()


def test_tracks_carry_a_label_and_poses_none():
    with_label, without = draw(GREY, [Track(12, walker(), 0.0)]), draw(GREY, [walker()])
    assert changed(with_label).sum() > changed(without).sum()


@pytest.mark.parametrize("skeleton", [TRT_POSE_18, COCO_17])
def test_other_skeletons_are_drawn_too(skeleton):
    keypoints = np.ones((skeleton.n_keypoints, 3), np.float32)
    keypoints[:, :2] = np.random.default_rng(0).uniform(100, 300, (skeleton.n_keypoints, 2))
    assert changed(draw(GREY, [Pose(keypoints, 1.0)], skeleton)).any()


@pytest.mark.parametrize(
    "keypoints",
    [
        np.full((18, 3), (np.nan, np.nan, 0), np.float32),
        np.full((18, 3), (-500, -500, 1), np.float32),
        np.full((18, 3), (1e6, 1e6, 1), np.float32),
        np.full((18, 3), (639, 479, 1), np.float32),
        np.r_[np.float32([[-200, 100, 1]]), np.full((17, 3), (900, 300, 1), np.float32)],
    ],
    ids=["nobody there", "left above", "far away", "in the corner", "across the picture"],
)
def test_odd_places_do_no_harm(keypoints):
    assert draw(GREY, [Track(1, Pose(keypoints, 0.5), 0.0)]).shape == GREY.shape


def test_nobody_is_an_untouched_copy():
    image = draw(GREY, [])
    assert image is not GREY
    assert not changed(image).any()


def test_every_alert_stage_is_a_stage_of_a_fall():
    stages = {"suspected", "confirmed", "long_lie", "found_down", "recovered", "cleared", "unknown"}
    assert stages >= ALERT_STAGES
    assert stages >= set(FALL_WORDS)


def seen(*numbers: int, events: tuple[Event, ...] = (), source: str = "hall") -> FrameResult:
    tracks = tuple(Track(number, walker(), 0.0) for number in numbers)
    return FrameResult(source, 0, 0.0, (640, 480), tracks, events)


def event(kind: str, stage: str, number: int = 1) -> Event:
    return Event(kind, stage, 0.0, track_id=number)


def test_a_fall_stays_labelled_until_it_is_cleared():
    labels = Labels()
    assert labels.update(seen(1, events=(event("posture", "standing"),))) == {1: "standing"}
    assert labels.update(seen(1, events=(event("fall", "confirmed"),))) == {1: "confirmed"}
    assert labels.update(seen(1)) == {1: "confirmed"}
    assert labels.update(seen(1, events=(event("fall", "cleared"),))) == {1: "standing"}


def test_labels_keep_people_and_sources_apart_and_forget_who_left():
    labels = Labels()
    labels.update(seen(1, 2, events=(event("fall", "long_lie", 2),)))
    assert labels.update(seen(2, source="yard")) == {2: ""}
    assert labels.update(seen(1)) == {1: ""}
    assert labels.update(seen(1, 2)) == {1: "", 2: ""}


def test_nothing_unknown_is_written_over_somebody_in_sight():
    labels = Labels()
    labels.update(seen(1, events=(event("posture", "standing"), event("fall", "suspected"))))
    assert labels.update(seen(1, events=(event("fall", "unknown"),))) == {1: "standing"}
    assert labels.update(seen(1, events=(event("posture", "unknown"),))) == {1: ""}


def test_labels_of_people_who_stand_together_cover_none_of_each_other():
    canvas, taken = GREY.copy(), []
    for number in range(6):
        moved = walker().keypoints + np.float32([3 * number, number, 0])
        draw_label(canvas, Pose(moved, 1.0), number, "found_down", taken)
    assert len(taken) == 6
    for number, (left, top, right, bottom) in enumerate(taken):
        assert 0 <= top < bottom <= 480
        for other in taken[:number]:
            assert bottom <= other[1] or other[3] <= top or right <= other[0] or other[2] <= left


def test_a_label_alone_is_where_it_would_be_anyway():
    alone, among = [], [(0, 0, 5, 5)]
    draw_label(GREY.copy(), walker(), 1, "", alone)
    draw_label(GREY.copy(), walker(), 1, "", among)
    assert alone[0] == among[1]


def test_a_picture_too_full_for_another_label_gets_it_all_the_same():
    taken = [(0, 0, 640, 480)]
    draw_label(GREY.copy(), walker(), 1, "", taken)
    assert len(taken) == 2
