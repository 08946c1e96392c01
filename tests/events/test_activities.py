"""Each activity fires, its neighbour stays quiet, and absences are told once."""

from __future__ import annotations

import pytest
from builders import lying
from people import SEATED, SIZE, UP, moved, play, stages, tell

from edgepose.events import open_rule
from edgepose.events.options import ActivityOptions
from edgepose.events.zones import ZoneOptions
from edgepose.skeleton import BODYPOSENET_18
from edgepose.training.trajectories import QUIET_ACTIVITIES, Camera, generate

SIDE = Camera((0.0, 4.5, 1.4), (0.0, 0.0, 0.9), 80.0, 0.0, SIZE)
BED = ZoneOptions(name="bed", policy="bed", polygon=((0.2, 0.6), (0.9, 0.6), (0.9, 1), (0.2, 1)))


def activity(**options):
    return open_rule("activity", ActivityOptions(**options), SIZE)


def acted(script, seed: int = 3):
    return generate(script, seed, fps=15, camera=SIDE, facing_deg=90, noise=0).frames()


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        (play((moved(UP, -200), 0.1), (moved(UP, 200), 4)), "walking"),
        (play((UP, 4)), "still"),
        (play((UP, 2), (SEATED, 1), (SEATED, 1)), "sitting_down"),
        (play((SEATED, 2), (UP, 1), (UP, 1)), "getting_up"),
    ],
    ids=["walking", "still", "sitting down", "getting up"],
)
def test_an_activity_is_told(frames, word):
    assert stages(tell(activity(), frames)).count(word) == 1


@pytest.mark.parametrize(
    ("word", "neighbour"),
    list(zip(["walking", "still", "sitting_down", "getting_up"], QUIET_ACTIVITIES.items(), strict=True)),
)
def test_its_neighbour_is_not(word, neighbour):
    assert word not in stages(tell(activity(), acted(neighbour[1])))


def test_walking_towards_the_camera_is_walking():
    near = UP.copy()
    near[:, :2] = (near[:, :2] - (300, 400)) * 1.8 + (300, 440)
    assert "walking" in stages(tell(activity(), play((UP, 0.1), (near, 4))))


def test_long_stillness_is_told_where_asked_for():
    assert "no_motion" in stages(tell(activity(no_motion_s=5), play((UP, 8))))
    assert "no_motion" not in stages(tell(activity(), play((UP, 8))))


def test_an_empty_scene_is_told_once():
    frames = [*play((UP, 1)), *(([], 1 + i) for i in range(20))]
    assert stages(tell(activity(absence_s=10), frames)).count("absence") == 1


def test_a_bed_not_returned_to_is_told():
    frames = play((lying((200, 380)), 2), (moved(UP, 0, -250), 1), (moved(UP, 0, -250), 8), fps=10)
    (event,) = [e for e in tell(activity(bed_return_s=5, zones=(BED,)), frames) if e.stage == "bed_not_returned"]
    assert event.zone == "bed"


def test_walking_counts_from_its_first_step():
    """Nothing is waited for beside hold_s: a clip of little more than that is enough."""
    frames = play((moved(UP, -60), 0.1), (moved(UP, 60), 1.2), fps=30)
    (event,) = [e for e in tell(activity(), frames) if e.stage == "walking"]
    assert event.t <= 1.2 and event.started_t <= 0.2


def lunged(x: float):
    """One long step of `x` pixels: hips and all else go along, the left foot stays."""
    figure = moved(UP, x)
    figure[BODYPOSENET_18.index("l_ankle")] = UP[BODYPOSENET_18.index("l_ankle")]
    return figure


@pytest.mark.parametrize(
    "frames",
    [
        play((UP, 0.5), (lunged(90), 0.8), (lunged(90), 0.3), (UP, 0.8), (lunged(90), 0.8)),
        play((UP, 0.5), (moved(UP, 0, -110), 1.2), (UP, 1.2), (moved(UP, 0, -110), 1.2)),
        play((moved(SEATED, -200), 0.1), (moved(SEATED, 200), 4)),
    ],
    ids=["lunges", "pull-ups", "a wheelchair"],
)
def test_hips_that_travel_need_not_walk(frames):
    assert "walking" not in stages(tell(activity(), frames))
