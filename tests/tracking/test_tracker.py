"""A person keeps the id through gaps, crossings, falls and bad input; nobody gets an id for a blink."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose import Pose, Tracker
from edgepose.errors import ShapeError
from edgepose.tracking import TrackerOptions

STANDING = np.array(
    [(0, -88), (0, -75), (-10, -75), (-14, -60), (-14, -45), (10, -75), (14, -60), (14, -45), (-7, -48), (-7, -25),
     (-7, 0), (7, -48), (7, -25), (7, 0), (-2, -90), (2, -90), (-5, -88), (5, -88)], np.float32
)  # fmt: skip


def person(x: float, y: float = 200, *, turn_deg: float = 0, score: float = 0.8) -> Pose:
    """Somebody 90 px tall with the feet at (x, y), turned about them; 90 degrees lies flat to the right."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    xy = STANDING @ np.array([[c, s], [-s, c]], np.float32) + (x, y)
    return Pose(np.column_stack([xy, np.full(18, score)]).astype(np.float32), score)


def ids(tracks) -> list[int]:
    return [track.id for track in tracks if track.missing_s == 0]


def test_two_people_walking_past_each_other_keep_their_ids():
    tracker = Tracker()
    for i in range(60):
        tracks = tracker.update([person(400 - 5 * i), person(100 + 5 * i)], i / 20)
    assert [(track.id, round(float(np.nanmean(track.pose.keypoints[:, 0])))) for track in tracks] == [
        (1, pytest.approx(105, abs=6)),
        (2, pytest.approx(395, abs=6)),
    ]


def test_an_id_survives_the_fall_even_when_half_the_joints_vanish():
    tracker = Tracker()
    for i in range(30):
        pose = person(300, turn_deg=np.clip((i - 10) * 15, 0, 90))
        keypoints = pose.keypoints.copy()
        if i > 14:
            keypoints[::2] = (np.nan, np.nan, 0)
        tracks = tracker.update([Pose(keypoints, 0.5)], i / 9)
    assert ids(tracks) == [1]


def test_a_lost_person_is_reported_missing_and_comes_back_under_the_same_id():
    tracker = Tracker()
    tracker.update([person(100)], 0.0)
    tracker.update([person(100)], 0.1)
    (lost,) = tracker.update([], 1.1)
    assert (lost.id, lost.missing_s) == (1, pytest.approx(1.0))
    (back,) = tracker.update([person(110)], 1.2)
    assert (back.id, back.missing_s) == (1, 0)


def test_who_is_not_found_stays_as_last_seen_while_others_walk_on():
    tracker = Tracker()
    for i in range(10):
        before = tracker.update([person(100), person(300 + 4 * i, score=0.6)], i / 20)
    for i in range(10, 14):
        still, walking = tracker.update([person(300 + 4 * i, score=0.6)], i / 20)
    assert still.missing_s == pytest.approx(0.2) and walking.missing_s == 0
    assert still.pose.score == before[0].pose.score
    np.testing.assert_array_equal(still.pose.keypoints, before[0].pose.keypoints)


def test_tracks_come_by_id_whoever_was_seen_first():
    tracker = Tracker()
    tracker.update([], 0.0)
    tracker.update([person(100), person(300)], 0.1)
    tracker.update([person(300)], 0.2)  # the left one blinks, and gets an id later
    for t in (0.25, 0.3, 0.35, 0.4, 0.45):
        tracks = tracker.update([person(100), person(300)] if t > 0.25 else [person(300)], t)
    assert [track.id for track in tracks] == [1, 2]
    assert tracks[0].pose.keypoints[0, 0] == pytest.approx(300, abs=1)


def test_the_tracks_of_a_frame_stay_what_they_were():
    tracker = Tracker()
    (first,) = tracker.update([person(100)], 0.0)
    kept = first.pose.keypoints.copy()
    tracker.update([person(130)], 0.1)
    np.testing.assert_array_equal(first.pose.keypoints, kept)


def test_after_max_gap_a_person_is_forgotten():
    tracker = Tracker(TrackerOptions(max_gap_s=1.0))
    tracker.update([person(100)], 0.0)
    assert tracker.update([], 1.2) == ()


@pytest.mark.parametrize("max_gap_s", [0.0, 0.1, 0.2, 0.25])
@pytest.mark.parametrize("fps", [0.2, 1, 5, 10])
def test_people_keep_their_ids_where_frames_come_less_often_than_max_gap(max_gap_s, fps):
    tracker, random = Tracker(TrackerOptions(max_gap_s=max_gap_s)), np.random.default_rng(0)
    for i in range(20):
        t = i / fps + random.uniform(0, 0.2 / fps)
        tracks = tracker.update([person(100 + i), person(400)], t)
        assert ids(tracks) == [1, 2]


def test_who_is_not_in_the_next_frame_is_forgotten_where_frames_come_seldom():
    tracker = Tracker(TrackerOptions(max_gap_s=0.1))
    for i in range(5):
        tracker.update([person(100), person(400)], i / 5)
    assert ids(tracker.update([person(100)], 1.0)) == [1]
    assert [track.id for track in tracker.update([person(100)], 1.2)] == [1]


def test_a_pause_longer_than_max_gap_and_a_frame_still_ends_an_id():
    tracker = Tracker(TrackerOptions(max_gap_s=1.0))
    for i in range(10):
        tracker.update([person(100)], i / 5)
    tracker.update([person(100)], 4.0)
    tracks = tracker.update([person(100)], 4.2)
    assert ids(tracks) == [2]


def test_a_step_back_by_less_than_a_frame_begins_no_new_scene_where_max_gap_is_small():
    tracker = Tracker(TrackerOptions(max_gap_s=0.0))
    for t in (0.0, 0.2, 0.4, 0.3):
        tracks = tracker.update([person(100)], t)
    assert ids(tracks) == [1]


def test_a_detection_of_one_frame_gets_no_id():
    tracker = Tracker()
    tracker.update([person(100)], 0.0)
    seen = [len(tracker.update([person(100), *([person(400)] if i == 5 else [])], i / 20)) for i in range(1, 20)]
    assert max(seen) == 1


def test_a_second_find_of_the_same_body_gets_no_id():
    tracker = Tracker()
    for i in range(20):
        tracks = tracker.update([person(100 + i), person(104 + i)] if i else [person(100)], i / 20)
    assert ids(tracks) == [1]


def test_a_walker_is_shown_where_she_is():
    tracker = Tracker()
    for i in range(40):
        (track,) = tracker.update([person(100 + 4 * i)], i / 30)
    lag_px = np.nanmean(person(100 + 4 * 39).keypoints[:, 0] - track.pose.keypoints[:, 0])
    assert abs(lag_px) < 2  # 120 px/s: under 17 ms


def test_a_still_person_trembles_less_than_the_network():
    rng = np.random.default_rng(1)
    tracker, raw, shown = Tracker(), [], []
    for i in range(200):
        keypoints = person(100).keypoints.copy()
        keypoints[:, :2] += rng.normal(0, 1.0, (18, 2))
        (track,) = tracker.update([Pose(keypoints, 0.8)], i / 30)
        raw.append(keypoints[:, :2])
        shown.append(track.pose.keypoints[:, :2])
    assert np.diff(shown, axis=0).std() < 0.6 * np.diff(raw, axis=0).std()


NAN = np.full((18, 3), np.nan, np.float32)
ONE = np.where(np.arange(18)[:, None] == 3, np.float32([50, 50, 0.9]), 0).astype(np.float32)


@pytest.mark.parametrize("keypoints", [NAN, ONE, np.zeros((18, 3), np.float32)], ids=["nan", "one keypoint", "none"])
def test_strange_poses_begin_no_track(keypoints):
    tracker = Tracker()
    assert [tracker.update([Pose(keypoints, 0.1)], i / 10) for i in range(5)] == [()] * 5


def test_zero_zero_with_a_score_is_an_absent_keypoint():
    keypoints = person(100).keypoints.copy()
    keypoints[4] = (0, 0, 0.6)
    (track,) = Tracker().update([Pose(keypoints, 0.8)], 0.0)
    assert not track.pose.found[4] and np.isnan(track.pose.keypoints[4, 0])


def test_time_may_step_back_and_the_frame_rate_may_change():
    tracker = Tracker()
    for t in (0.0, 0.1, 0.05, 0.2, 0.2, 1.0, float("nan"), 1.03):
        tracks = tracker.update([person(100)], t)
    assert ids(tracks) == [1]


def test_a_recording_that_starts_over_is_a_new_scene():
    tracker = Tracker()
    for t in (100.0, 100.2, 0.0, 0.2):
        tracks = tracker.update([person(100)], t)
    assert ids(tracks) == [2]


def test_ids_belong_to_the_tracker():
    assert [ids(Tracker().update([person(100)], 0.0)) for _ in range(2)] == [[1], [1]]


def test_another_skeleton_is_refused_in_words():
    with pytest.raises(ShapeError, match="skeleton of the network"):
        Tracker().update([Pose(np.ones((17, 3), np.float32), 0.5)], 0.0)
