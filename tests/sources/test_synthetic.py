"""Synthetic people: the same by seed, true to their truth, falling on request, live on request."""

from __future__ import annotations

import time

import numpy as np
import pytest

from edgepose.errors import ClosedError, SourceError
from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources import SourceOptions, open_source
from edgepose.sources.people import Scene, SceneOptions, figure, project
from edgepose.types import Frame

HEAD, ANKLE = BODYPOSENET_18.index("neck"), BODYPOSENET_18.index("r_ankle")


def frames_of(uri: str) -> list[Frame]:
    source, frames = open_source(uri), []
    try:
        while True:
            frame = source.read()
            assert frame is not None
            frames.append(frame)
    except EOFError:
        return frames


def test_the_same_address_gives_the_same_pictures() -> None:
    uri = "synthetic://?people=3&width=160&height=120&frames=4&seed=7"
    assert all((a.image == b.image).all() for a, b in zip(frames_of(uri), frames_of(uri), strict=True))


def test_another_seed_gives_other_pictures() -> None:
    one, two = (frames_of(f"synthetic://?width=160&height=120&frames=1&seed={seed}")[0] for seed in (1, 2))
    assert (one.image != two.image).any()


def test_frames_have_the_asked_number_size_and_rate() -> None:
    frames = frames_of("synthetic://?width=200&height=100&frames=5&fps=4")
    assert [frame.t for frame in frames] == [0, 0.25, 0.5, 0.75, 1.0]
    assert {frame.image.shape for frame in frames} == {(100, 200, 3)}


def test_wishes_of_the_options_win_over_the_address() -> None:
    source = open_source("synthetic://?width=200&height=100&frames=1", SourceOptions(width=64, height=48))
    frame = source.read()
    assert frame is not None
    assert frame.image.shape == (48, 64, 3)


def test_the_picture_shows_people_where_the_truth_says() -> None:
    """Without the people the picture differs at the true keypoints, and hardly anywhere far from them."""
    peopled = open_source("synthetic://?people=1&frames=1&seed=3")
    frame, room = peopled.read(), open_source("synthetic://?people=0&frames=1&seed=3").read()
    assert frame is not None
    assert room is not None
    changed = np.abs(frame.image.astype(int) - room.image).sum(2) > 30
    (pose,) = peopled.truth(frame)  # type: ignore[attr-defined]
    body = [i for i, name in enumerate(BODYPOSENET_18.keypoints) if "ear" not in name and pose.found[i]]
    x, y = pose.keypoints[body, :2].round().astype(int).T
    assert changed[y, x].all()
    x0, y0, x1, y1 = pose.box_xyxy
    rows, columns = np.nonzero(changed)
    margin = 0.15 * (y1 - y0)
    assert columns.min() > x0 - margin
    assert columns.max() < x1 + margin
    assert rows.min() > y0 - margin
    assert rows.max() < y1 + margin


def test_absent_keypoints_of_the_truth_are_nan() -> None:
    for pose in Scene(SceneOptions(people=8, size=1.5)).poses(1.3):
        assert np.isnan(pose.keypoints[~pose.found, :2]).all()
        assert ((pose.keypoints[pose.found, :2] >= 0) & (pose.keypoints[pose.found, :2] <= (639, 479))).all()


def test_limbs_keep_their_length_while_walking() -> None:
    knee, ankle = BODYPOSENET_18.index("l_knee"), BODYPOSENET_18.index("l_ankle")
    lengths = [np.linalg.norm(figure(phase)[0][knee] - figure(phase)[0][ankle]) for phase in np.linspace(0, 6, 20)]
    assert np.ptp(lengths) < 1e-9


def test_who_walks_towards_the_viewer_has_the_right_hand_on_the_left_of_the_picture() -> None:
    wrists = [BODYPOSENET_18.index(name) for name in ("r_wrist", "l_wrist")]
    right, left = project(figure(0.0)[0], np.pi / 2)[wrists, 0]
    assert right < left


def test_the_faller_stands_before_and_lies_after() -> None:
    scene = Scene(SceneOptions(people=1, fall_s=2))
    (before,), (after,) = scene.figures(1.9), scene.figures(4.0)
    height = float(scene.height_px[0])
    assert before[ANKLE, 1] - before[HEAD, 1] > 0.7 * height
    assert abs(after[ANKLE, 1] - after[HEAD, 1]) < 0.25 * height
    assert abs(after[ANKLE, 0] - after[HEAD, 0]) > 0.6 * height


def test_a_live_scene_drops_what_a_slow_reader_misses_and_keeps_its_numbers() -> None:
    source = open_source("synthetic://?people=0&width=64&height=48&fps=100&frames=40&live=true")
    assert source.live
    seen = []
    try:
        while True:
            frame = source.read()
            if frame:
                seen.append(frame.seq)
            time.sleep(0.03)
    except EOFError:
        assert len(seen) + source.dropped == 40
        assert source.dropped > 5
        assert seen == sorted(seen)
        assert seen[-1] == 39


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("peple=3", "did you mean 'people'"),
        ("people=-1", ">= 0"),
        ("width=wide", "int"),
        ("height=100000", "<= 4320"),
    ],
)
def test_a_wrong_setting_is_one_sentence(query: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        open_source(f"synthetic://?{query}")


def test_a_closed_scene_says_so() -> None:
    source = open_source("synthetic://")
    source.close()
    with pytest.raises(ClosedError):
        source.read()
