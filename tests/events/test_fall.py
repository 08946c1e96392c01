"""A fall is told once, with its whole life, and everyday life is not told at all."""

from __future__ import annotations

import math
from uuid import UUID

import numpy as np
import pytest
from builders import lying, only, pose_of, sitting, standing
from people import FLOOR, GONE, SEATED, SIZE, UP, Frames, looks, moved, play, stages, tell

from edgepose import FallDetector, Pose, Track
from edgepose.errors import ShapeError
from edgepose.events.options import FallOptions
from edgepose.events.zones import ZoneOptions

FALL = ((UP, 2), (FLOOR, 0.7))
BED = ZoneOptions(name="bed", policy="bed", polygon=((0.2, 0.6), (0.75, 0.6), (0.75, 1), (0.2, 1)))


def detector(**options) -> FallDetector:
    return FallDetector(FallOptions(**options), SIZE)


def test_a_fall_is_suspected_confirmed_and_becomes_a_long_lie_each_told_once():
    events = tell(detector(long_lie_s=10), play(*FALL, (FLOOR, 15)))
    assert stages(events) == ["suspected", "confirmed", "long_lie"]
    (episode,) = {event.episode for event in events}
    assert UUID(str(episode)).version == 7


def test_a_fall_is_suspected_within_half_a_second_of_the_impact():
    (suspected,) = tell(detector(), play(*FALL, (FLOOR, 1)))
    assert suspected.t < 2.7 + 0.5


def test_somebody_who_gets_up_again_has_recovered():
    events = tell(detector(), play(*FALL, (FLOOR, 4), (UP, 1.5), (UP, 3)))
    assert stages(events) == ["suspected", "confirmed", "recovered"]


def test_moving_on_the_floor_does_not_end_a_fall():
    frames = play(*FALL, *((moved(FLOOR, 25 * (-1) ** i), 0.4) for i in range(20)))
    assert stages(tell(detector(), frames)) == ["suspected", "confirmed"]


def test_sitting_up_on_the_floor_is_no_recovery():
    sitting_up = standing((200, 480), 200)
    sitting_up[[9, 10, 12, 13], 1] = 385
    sitting_up[[9, 12], 0], sitting_up[[10, 13], 0] = 250, 300
    assert "recovered" not in stages(tell(detector(), play(*FALL, (FLOOR, 4), (sitting_up, 1), (sitting_up, 5))))


@pytest.mark.parametrize(
    "scenes",
    [
        ((UP, 8),),
        ((UP, 2), (SEATED, 1.0), (SEATED, 4)),
        ((UP, 2), (moved(UP, 0, 30), 0.3), (UP, 0.3), (UP, 3)),
        ((SEATED, 6),),
        ((moved(UP, -250), 1), (moved(UP, 250), 4)),
    ],
    ids=["standing", "sitting down", "knees giving a little", "seated", "walking"],
)
def test_everyday_life_is_quiet(scenes):
    assert tell(detector(), play(*scenes)) == []


def test_somebody_lost_while_falling_is_suspected_and_then_unknown():
    half_way = UP + 0.6 * (FLOOR - UP)
    events = tell(detector(), play((UP, 2), (half_way, 0.4), (GONE, 6)))
    assert stages(events) == ["suspected", "unknown"]
    assert events[0].evidence["cause"] == "lost while falling"


def test_somebody_who_walks_out_of_the_picture_is_not_suspected():
    assert tell(detector(), play((moved(UP, 0), 1), (moved(UP, 330), 2), (GONE, 5))) == []


def along_sight(share):
    """UP lying away from the camera: everything over the feet shrinks alike."""
    figure = UP.copy()
    figure[:, 1] = 400 + share * (figure[:, 1] - 400)
    return figure


def squatting():
    """Feet where UP has them, hips almost on the heels, knees as high as the hips, shoulders .33 heights up."""
    figure = UP.copy()
    figure[:, 1] += 94
    figure[[8, 11], 1], figure[[9, 12], 1], figure[[10, 13], 1] = 366, 362, 392
    return figure


def test_a_fall_away_from_the_camera_is_told_although_the_picture_shows_somebody_small_and_upright():
    assert "suspected" in stages(tell(detector(), play((UP, 2), (along_sight(0.45), 0.7), (along_sight(0.45), 2))))


def test_somebody_as_low_who_squats_on_folded_legs_is_quiet():
    assert tell(detector(), play((UP, 2), (squatting(), 0.5), (squatting(), 3))) == []


def mixed_up(figure, joints, dx, dy):
    """A figure some of whose joints are those of somebody else, who is elsewhere."""
    figure = figure.copy()
    figure[list(joints), :2] += (dx, dy)
    return figure


@pytest.mark.parametrize(
    ("person", "mixed"),
    [
        (SEATED, mixed_up(SEATED, (5, 6, 7), 220, 180)),
        (UP, mixed_up(UP, (0, 1, 2, 3, 4, 5, 6, 7, 14, 15, 16, 17), 90, -190)),
    ],
    ids=["a shoulder", "head and arms"],
)
def test_joints_of_somebody_who_passes_are_no_fall(person, mixed):
    scenes = ((person, 2), (mixed, 0.05), (mixed, 0.4), (person, 0.5), (mixed, 0.05), (person, 0.05), (person, 3))
    assert tell(detector(), play(*scenes)) == []


def test_a_fall_is_told_although_joints_are_mixed_up_on_the_way():
    half_way = UP + 0.5 * (FLOOR - UP)
    scenes = ((UP, 2), (half_way, 0.35), (mixed_up(half_way, (5, 6, 7), 250, -150), 0.05), (FLOOR, 0.3), (FLOOR, 3))
    assert stages(tell(detector(), play(*scenes))) == ["suspected", "confirmed"]


def test_somebody_small_who_walks_does_not_lie_along_the_line_of_sight_and_who_stays_there_does():
    small = along_sight(0.6)
    small[:, 1] += 40
    there = moved(small, 240)
    assert tell(detector(), play((UP, 2), (small, 0.4), (there, 3), (there, 0.3))) == []
    assert "suspected" in stages(tell(detector(), play((UP, 2), (small, 0.4), (small, 3))))


def test_somebody_who_jumps_down_and_is_lost_standing_has_not_fallen_and_who_is_lost_falling_has():
    on_table = moved(UP, 0, -100)
    assert tell(detector(), play((on_table, 2), (UP, 0.4), (UP, 0.4), (GONE, 3))) == []
    falling = UP + 0.6 * (FLOOR - UP)
    assert "suspected" in stages(tell(detector(), play((on_table, 2), (falling, 0.4), (GONE, 3))))


def test_a_fall_from_a_chair_is_told_and_lying_down_on_what_carries_the_hips_is_not():
    on_bed = lying((200, 344))
    assert stages(tell(detector(), play((SEATED, 2), (FLOOR, 0.5), (FLOOR, 1)))) == ["suspected"]
    assert tell(detector(), play((SEATED, 2), (on_bed, 0.5), (on_bed, 1))) == []


def test_somebody_lost_going_down_and_found_lying_is_suspected():
    beginning = UP + 0.35 * (FLOOR - UP)
    assert "suspected" in stages(tell(detector(), play((UP, 2), (beginning, 0.4), (GONE, 1.5), (FLOOR, 1))))


def test_somebody_lost_standing_and_found_lying_is_not_suspected_at_once():
    assert tell(detector(), play((UP, 2), (GONE, 1.5), (FLOOR, 1))) == []


def test_somebody_who_comes_near_and_leaves_below_the_camera_is_quiet():
    assert tell(detector(), play((standing((300, 300), 150), 1), (standing((320, 700), 400), 0.6), (GONE, 4))) == []


def test_somebody_lost_while_standing_is_not_suspected():
    assert tell(detector(), play((UP, 3), (GONE, 6))) == []


def test_a_fallen_person_who_is_lost_is_unknown_never_silently_fine():
    events = tell(detector(clear_s=20), play(*FALL, (FLOOR, 4), (GONE, 30)))
    assert stages(events) == ["suspected", "confirmed", "unknown", "cleared"]


def test_a_person_lost_on_the_floor_and_seen_there_again_is_the_same_fall():
    events = tell(detector(long_lie_s=12), play(*FALL, (FLOOR, 4), (GONE, 5), (FLOOR, 10)))
    assert stages(events) == ["suspected", "confirmed", "unknown", "confirmed", "long_lie"]
    assert len({event.episode for event in events}) == 1


def test_a_new_id_during_the_fall_does_not_lose_it():
    frames = play(*FALL, (FLOOR, 4))
    tracked = [([Track(1 if t < 2.35 else 2, poses[0], t)], t) for poses, t in frames]
    events = tell(detector(), tracked)
    assert stages(events) == ["suspected", "confirmed"]


def test_a_helper_who_comes_and_stands_by_does_not_clear_the_fall():
    frames = play(*FALL, (FLOOR, 10))
    helped = [([*poses, pose_of(standing((320, 420)))] if t > 5 else poses, t) for poses, t in frames]
    events = tell(detector(long_lie_s=6), helped)
    assert stages(events) == ["suspected", "confirmed", "long_lie"]
    assert events[-1].evidence["others_near"] == 1


def test_somebody_lying_when_watching_begins_is_found_down():
    assert tell(detector(), play((FLOOR, 9))) == []
    (found_down,) = tell(detector(), play((FLOOR, 13)))
    assert found_down.stage == "found_down" and found_down.t < 12


def push_ups(seconds: float) -> Frames:
    """Somebody on hands and feet whose shoulders go up and down by a quarter of a body height every two seconds."""
    up, down = lying((200, 400)).copy(), lying((200, 400)).copy()
    up[:, 1] = 400 - (up[:, 0] - up[:, 0].min()) * 0.3  # the head end raised
    down[:, 1] = 400 - (down[:, 0] - down[:, 0].min()) * 0.05
    return play(*[(figure, 1.0) for _ in range(round(seconds / 2)) for figure in (up, down)])


def test_push_ups_are_no_fall_and_nobody_found_down():
    assert tell(detector(), push_ups(40)) == []


def test_whoever_works_on_the_floor_for_very_long_is_found_down_all_the_same():
    assert stages(tell(detector(found_moving_s=20), push_ups(40))) == ["found_down"]


SEAT = sitting((300, 400))
BESIDE = lying((240, 395))


def test_a_fall_from_a_seat_is_detected_though_it_is_shorter_and_slower():
    assert stages(tell(detector(), play((SEAT, 5), (BESIDE, 1.9), (BESIDE, 3))))[:1] == ["suspected"]


def test_somebody_who_lies_down_on_the_seat_itself_has_not_fallen():
    along = lying((240, 300))
    along[[9, 10, 12, 13]] = SEAT[[9, 10, 12, 13]]  # knees and feet stay before the seat
    assert tell(detector(), play((SEAT, 5), (along, 1.5), (along, 4))) == []


def test_somebody_lying_in_bed_when_watching_begins_is_not():
    assert tell(detector(zones=(BED,)), play((FLOOR, 20))) == []


def test_a_slow_descent_to_the_floor_is_told_when_it_lasts():
    flat = lying((200, 400))
    flat[:, 1] = 400 + 0.3 * (flat[:, 1] - 400)
    events = tell(detector(), play((UP, 2), (flat, 5), (flat, 16)))
    assert stages(events)[:1] == ["suspected"] and events[0].evidence["cause"] == "slow descent"


def test_whoever_was_up_and_lies_on_the_floor_is_suspected_within_three_seconds_whatever_the_way_down():
    for seconds in (1, 2, 4, 8):
        lies_t = 2 + seconds
        events = tell(detector(), play((UP, 2), (FLOOR, seconds), (FLOOR, 4)))
        assert events[0].stage == "suspected" and events[0].t < lies_t + 3.1


def test_lying_down_on_something_without_a_zone_takes_longer_to_suspect():
    on_bed = lying((200, 310))
    assert tell(detector(), play((UP, 2), (on_bed, 3), (on_bed, 5))) == []


def test_falling_into_bed_is_quiet_and_leaving_it_to_the_floor_is_not():
    in_bed, beside = lying((200, 380)), lying((200, 250))
    assert tell(detector(zones=(BED,)), play((UP, 2), (in_bed, 0.7), (in_bed, 5))) == []
    events = tell(detector(zones=(BED,)), play((in_bed, 5), (beside, 2), (beside, 5)))
    assert stages(events) == ["suspected", "confirmed"]
    assert events[0].zone == "bed"


def test_nobody_is_judged_in_a_zone_to_ignore():
    screen = ZoneOptions(name="tv", policy="ignore", polygon=((0, 0), (1, 0), (1, 1), (0, 1)))
    assert tell(detector(zones=(screen,)), play(*FALL, (FLOOR, 5))) == []


def test_a_descending_person_who_vanishes_is_looked_at_again_turned_both_ways():
    half_way = UP + 0.4 * (FLOOR - UP)
    asked = looks(detector(), play((UP, 2), (half_way, 0.4), (GONE, 2)))
    assert {look.rotation_deg for look in asked} == {90, 270} and len(asked) <= 6
    assert all(look.track_id == 1 for look in asked)


def test_what_a_second_look_finds_counts_like_any_sight():
    half_way = UP + 0.4 * (FLOOR - UP)
    rule = detector()
    events = []
    for poses, t in play((UP, 2), (half_way, 0.4), (GONE, 4)):
        for found in rule.update([Track(1, pose, t) for pose in poses], t):
            answer = rule.second_look(found, [pose_of(FLOOR)], t) if not hasattr(found, "stage") else [found]
            events += answer
    assert stages(events) == ["suspected", "confirmed"]
    assert events[-1].evidence["second_look"]


def test_looks_of_one_descent_are_few_and_the_next_descent_has_its_own():
    half_way = UP + 0.4 * (FLOOR - UP)
    once = ((UP, 2), (half_way, 0.4), (GONE, 2.5))
    assert len(looks(detector(), play(*once))) == 6
    assert len(looks(detector(), play(*once, (UP, 1), *once))) == 12


def test_a_refused_look_costs_nothing():
    half_way = UP + 0.4 * (FLOOR - UP)
    rule, asked = detector(), []
    for poses, t in play((UP, 2), (half_way, 0.4), (GONE, 1)):
        for found in rule.update([Track(1, pose, t) for pose in poses], t):
            if not hasattr(found, "stage"):
                asked.append((found.rotation_deg, t))
                rule.look_refused(found, t)
    assert len(asked) > 12 and {rotation for rotation, _ in asked} == {90}  # with every frame, and the first one still


def test_whoever_throws_the_rule_away_says_that_open_falls_are_unknown():
    rule = detector()
    before = tell(rule, play(*FALL, (FLOOR, 4)))
    (unknown,) = rule.abandon("the picture changed its size")
    assert (unknown.stage, unknown.episode) == ("unknown", before[0].episode)
    assert unknown.evidence["why"] == "the picture changed its size"
    assert rule.abandon("again") == [] and detector().abandon("nothing open") == []


def test_a_clock_that_jumps_back_leaves_an_open_fall_unknown():
    rule = detector()
    tell(rule, play(*FALL, (FLOOR, 4)))
    (unknown,) = tell(rule, [([], -1000.0)])
    assert (unknown.stage, unknown.evidence["why"]) == ("unknown", "the clock jumped")


def test_somebody_too_small_to_show_more_when_enlarged_is_not_looked_at_again():
    def shrunk(figure):
        return figure * np.float32([0.2, 0.2, 1])

    half_way = UP + 0.4 * (FLOOR - UP)
    assert looks(detector(), play((UP, 2), (half_way, 0.4), (GONE, 2)))
    assert looks(detector(), play((shrunk(UP), 2), (shrunk(half_way), 0.4), (GONE, 2))) == []


def test_no_second_look_is_asked_for_when_it_is_switched_off():
    half_way = UP + 0.4 * (FLOOR - UP)
    assert looks(detector(second_look=False), play((UP, 2), (half_way, 0.4), (GONE, 2))) == []


def test_an_operator_can_clear_a_fall():
    rule = detector()
    tell(rule, play(*FALL, (FLOOR, 4)))
    (cleared,) = rule.clear()
    assert (cleared.stage, cleared.evidence["by"]) == ("cleared", "operator")
    assert rule.clear() == []


def test_evidence_says_why():
    (suspected,) = tell(detector(), play(*FALL, (FLOOR, 1)))
    assert suspected.evidence["drop"] > 0.4 and suspected.evidence["drop_speed"] > 0.7
    assert suspected.evidence["torso_angle_deg"] > 60 and suspected.evidence["keypoints_used"] == 18


def test_a_drill_marks_every_event():
    assert all(event.evidence["drill"] for event in tell(detector(drill=True), play(*FALL, (FLOOR, 5))))


def test_more_sensitivity_tells_more_and_less_tells_less():
    lowered = play((UP, 2), (FLOOR, 2.6), (FLOOR, 2))
    first = [tell(detector(sensitivity=share), lowered)[0] for share in (0.9, 0.5, 0.1)]
    assert first[0].t < first[1].t < first[2].t
    lost = play((UP, 2), (UP + 0.5 * (FLOOR - UP), 0.45), (GONE, 2))
    assert tell(detector(sensitivity=0.9), lost) and not tell(detector(sensitivity=0.1), lost)


@pytest.mark.parametrize("fps", [5, 8, 15, 30, 60])
def test_a_fall_is_a_fall_at_every_frame_rate(fps):
    assert stages(tell(detector(), play(*FALL, (FLOOR, 4), fps=fps))) == ["suspected", "confirmed"]


def test_too_few_frames_are_a_trouble_of_the_device_and_no_alert():
    rule = detector()
    assert tell(rule, play((UP, 20), fps=1)) == []
    (trouble,) = rule.troubles
    assert trouble.code == "low_frame_rate" and "frames come at 1.0 a second, falls need 2.5" in trouble.hint


def test_plain_poses_from_anywhere_will_do():
    rule = FallDetector()
    found = [event for poses, t in play(*FALL, (FLOOR, 4)) for event in rule.update(poses, t)]
    assert stages(found) == ["suspected", "confirmed"]


def test_two_people_fall_in_two_episodes():
    frames = play(*FALL, (FLOOR, 4))
    both = [([*poses, pose_of(moved(poses[0].keypoints, -150, -200))], t) for poses, t in frames]
    events = tell(detector(), both)
    falls = {}
    for event in events:
        falls.setdefault(event.episode, []).append((event.track_id, event.stage))
    assert sorted(falls.values()) == [[(k, "suspected"), (k, "confirmed")] for k in (1, 2)]


STRANGE = {
    "no people": [],
    "one keypoint": [pose_of(only(UP, "nose"))],
    "nan": [Pose(np.full((18, 3), np.nan, np.float32), 0.5)],
    "zeros": [Pose(np.zeros((18, 3), np.float32), 0.0)],
    "infinite": [Pose(np.full((18, 3), np.inf, np.float32), 1.0)],
    "all on one point": [Pose(np.full((18, 3), 0.5, np.float32), 0.5)],
}


@pytest.mark.parametrize("poses", STRANGE.values(), ids=STRANGE.keys())
def test_strange_people_are_no_alarm(poses):
    assert tell(detector(), [(poses, i / 10) for i in range(100)]) == []


def test_broken_clocks_are_no_alarm():
    rule = detector()
    poses = [pose_of(UP)]
    for t in (0, 0.1, 0.05, math.nan, 0.2, -50, -49.9, math.inf, 3, 3, 3, 1e9, 0):
        assert tell(rule, [(poses, t)]) == []


def test_another_skeleton_is_refused_in_words():
    with pytest.raises(ShapeError, match="skeleton"):
        FallDetector().update([Pose(np.ones((17, 3), np.float32), 0.5)], 0.0)
