"""`group`: fields drawn from people give the people back; whatever else comes in has a defined answer."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from builders import fields_of, lying, only, sitting, standing, to_skeleton, without

from edgepose.decode import Grouper, GroupOptions, group
from edgepose.errors import ShapeError
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18
from edgepose.types import Fields

PEOPLE = [standing(), sitting((220, 230)), lying((250, 120), 180)]


def one_by_one(poses, people):
    """Each person with the pose whose keypoints lie nearest."""
    return [min((pose.keypoints for pose in poses), key=lambda k: np.nansum(np.abs(k - person))) for person in people]


@pytest.mark.parametrize("paf_stride", [2, 8])
def test_fields_drawn_from_people_group_into_the_same_people(paf_stride):
    fields = fields_of(PEOPLE, paf_stride=paf_stride)
    poses = group(fields.heatmaps, fields.pafs, paf_stride=paf_stride)
    assert len(poses) == len(PEOPLE)
    for person, found in zip(PEOPLE, one_by_one(poses, PEOPLE), strict=True):
        assert found[:, :2] == pytest.approx(person[:, :2], abs=1.0)
        assert found[:, 2] == pytest.approx(person[:, 2], abs=0.1)


def test_another_skeleton_gives_poses_in_its_own_order():
    person = to_skeleton(standing(), TRT_POSE_18)
    fields = fields_of([person], skeleton=TRT_POSE_18)
    (pose,) = group(fields.heatmaps, fields.pafs, skeleton=TRT_POSE_18)
    assert pose.keypoints[:, :2] == pytest.approx(person[:, :2], abs=1.0)


def test_an_absent_keypoint_has_score_zero_and_nan_coordinates():
    fields = fields_of([without(standing(), "r_wrist")])
    (pose,) = group(fields.heatmaps, fields.pafs)
    wrist = pose.keypoints[BODYPOSENET_18.index("r_wrist")]
    assert wrist[2] == 0
    assert np.isnan(wrist[:2]).all()


def test_complete_and_certain_people_come_first():
    half = only(standing((300, 220)), "neck", "r_shoulder", "l_shoulder", "r_hip", "l_hip")
    fields = fields_of([half, standing((100, 220)), standing((200, 220), score=0.5)])
    poses = group(fields.heatmaps, fields.pafs)
    assert [round(float(pose.keypoints[1, 0]), -2) for pose in poses] == [100, 200, 300]
    assert all(1 >= pose.score >= 0 for pose in poses)


def test_a_background_channel_is_no_keypoint():
    fields = fields_of([standing()])
    with_background, without_it = (group(maps, fields.pafs) for maps in (fields.heatmaps, fields.heatmaps[:-1]))
    assert np.array_equal(with_background[0].keypoints, without_it[0].keypoints, equal_nan=True)


def test_sixty_people_are_sixty():
    people = [standing((20 + 28 * column, 60 + 56 * row), 50) for row in range(4) for column in range(15)]
    fields = fields_of(people, (256, 448))
    assert len(group(fields.heatmaps, fields.pafs)) == 60


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("hw", [(1, 1), (1, 20), (20, 1), (32, 56)])
def test_maps_of_one_value_hold_nobody(value, hw):
    assert group(np.full((19, *hw), value, np.float32), np.full((38, *hw), value, np.float32)) == []


def test_noise_alone_gives_no_more_people_than_a_keypoint_may_have_peaks():
    rng = np.random.default_rng(0)
    poses = group(rng.random((19, 46, 82), np.float32), rng.uniform(-1, 1, (38, 46, 82)).astype(np.float32))
    assert len(poses) <= 128


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floating_types_are_taken(dtype):
    fields = fields_of([standing()])
    (pose,) = group(fields.heatmaps.astype(dtype), fields.pafs.astype(dtype))
    assert pose.keypoints[:, :2] == pytest.approx(standing()[:, :2], abs=1.0)


def test_strided_views_are_taken():
    fields = fields_of([standing()])
    heatmaps, pafs = (np.ascontiguousarray(maps.transpose(1, 2, 0)) for maps in (fields.heatmaps, fields.pafs))
    (pose,) = group(heatmaps.transpose(2, 0, 1), pafs.transpose(2, 0, 1))
    assert pose.keypoints[:, :2] == pytest.approx(standing()[:, :2], abs=1.0)


@pytest.mark.parametrize(
    ("heatmaps", "pafs", "strides", "words"),
    [
        ((17, 8, 8), (38, 8, 8), (8, 8), "heatmaps have 17 channels"),
        ((38, 8, 8), (19, 8, 8), (8, 8), "in this order"),
        ((19, 8, 8), (42, 8, 8), (8, 8), "pafs have 42 channels"),
        ((1, 19, 8, 8), (38, 8, 8), (8, 8), "heatmaps must be a non-empty"),
        ((19, 0, 8), (38, 0, 8), (8, 8), "non-empty"),
        ((19, 8, 8), (38, 32, 32), (8, 8), "cover different inputs"),
        ((19, 8, 8), (38, 8, 8), (0, 8), "heatmap_stride must be a positive"),
        ((19, 8, 8), (38, 8, 8), (8, float("nan")), "paf_stride must be a positive"),
        ((19, 8, 8), (38, 8, 8), (1e39, 1e39), "heatmap_stride must be 0.015625 to 4096 pixels per cell, got 1e\\+39"),
        ((19, 8, 8), (38, 8, 8), (1e-300, 1e-300), "pass the stride that belongs to the model"),
        ((19, 1, 16_385), (38, 1, 16_385), (8, 8), "heatmaps may have 16384 cells a side"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(heatmaps, pafs, strides, words):
    with pytest.raises(ShapeError, match=words):
        group(
            np.zeros(heatmaps, np.float32),
            np.zeros(pafs, np.float32),
            heatmap_stride=strides[0],
            paf_stride=strides[1],
        )


def test_whole_numbers_are_refused():
    with pytest.raises(ShapeError, match="floating-point"):
        group(np.zeros((19, 8, 8), np.uint8), np.zeros((38, 8, 8), np.float32))


def test_a_grouper_forgets_the_last_frame():
    grouper = Grouper()
    crowd, alone = fields_of(PEOPLE), fields_of([standing()])
    before = grouper(alone)
    grouper(crowd)
    after = grouper(alone)
    assert len(after) == 1
    assert np.array_equal(before[0].keypoints, after[0].keypoints)


def test_poses_stay_as_they_were_when_the_next_frame_is_grouped():
    grouper = Grouper()
    (pose,) = grouper(fields_of([standing()]))
    kept = pose.keypoints.copy()
    grouper(fields_of([lying()]))
    assert np.array_equal(pose.keypoints, kept)


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="reads memory from /proc")
def test_memory_does_not_grow_with_frames():
    grouper, crowd = Grouper(), fields_of(PEOPLE)

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    for _ in range(200):
        grouper(crowd)
    before = pages()
    for _ in range(2000):
        grouper(crowd)
    assert pages() - before < 64


def test_options_are_heeded():
    fields = fields_of([standing(score=0.3)])
    assert group(fields.heatmaps, fields.pafs, options=GroupOptions(min_score=0.5)) == []


def test_threads_that_share_a_grouper_take_turns():
    grouper, crowd, alone = Grouper(), fields_of(PEOPLE), fields_of([standing()])
    counts: dict[int, set[int]] = {1: set(), 3: set()}

    def work(expected: int, fields: Fields) -> None:
        counts[expected].update(len(grouper(fields)) for _ in range(200))

    threads = [threading.Thread(target=work, args=job) for job in ((1, alone), (3, crowd))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {1: {1}, 3: {3}}


def test_without_the_native_core_numpy_groups_and_the_log_says_so():
    script = (
        "import sys, logging; sys.modules['edgepose.decode._native'] = None; logging.basicConfig()\n"
        "import numpy as np; from edgepose.decode import Grouper; from edgepose.types import Fields\n"
        "grouper = Grouper(); assert not grouper.native\n"
        "print(len(grouper(Fields(np.zeros((19, 4, 4), 'f4'), np.zeros((38, 4, 4), 'f4')))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
    assert "native core is not built" in done.stderr


def test_fields_of_a_stream_are_taken_as_they_are():
    fields = fields_of([standing()], heatmap_stride=4, paf_stride=8)
    (pose,) = Grouper()(Fields(fields.heatmaps, fields.pafs, 4, 8))
    assert pose.keypoints[:, :2] == pytest.approx(standing()[:, :2], abs=1.0)
