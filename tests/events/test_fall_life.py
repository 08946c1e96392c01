"""What becomes of a fall: pauses of the stream, bad frames, helpers, moved cameras, and bodies seen in part."""

from __future__ import annotations

import numpy as np
import pytest
from builders import lying, pose_of, sitting, standing
from people import FLOOR, GONE, SEATED, SIZE, UP, Frames, moved, play, stages, tell

from edgepose import FallDetector, Track
from edgepose.events.options import FallOptions

FALL = ((UP, 2), (FLOOR, 0.7))


def detector(**options) -> FallDetector:
    return FallDetector(FallOptions(**options), SIZE)


def after(frames: Frames, pause_s: float, *more: Frames) -> Frames:
    """Frames, a pause of the stream, and further frames."""
    joined = list(frames)
    for part in more:
        begin = joined[-1][1] + pause_s
        joined += [(poses, begin + t) for poses, t in part]
    return joined


def squeezed(figure, share):
    """A figure that a network gets wrong: over the feet only so much of its height."""
    bad = figure.copy()
    feet = figure[:, 1].max()
    bad[:, 1] = feet - share * (feet - figure[:, 1])
    return bad


def test_after_a_pause_in_which_nobody_watched_an_empty_room_makes_a_suspicion_unknown_and_nothing_more():
    frames = after(play(*FALL, (FLOOR, 0.3)), 400, play((GONE, 5)))
    assert stages(tell(detector(), frames)) == ["suspected", "unknown"]


def test_a_pause_ends_no_fall_and_starts_no_clock():
    events = tell(detector(), after(play(*FALL, (FLOOR, 4)), 400, play((FLOOR, 20))))
    assert stages(events) == ["suspected", "confirmed"]
    assert stages(tell(detector(), after(play((FLOOR, 6)), 400, play((FLOOR, 6))))) == []


def test_whoever_lies_there_when_watching_resumes_is_found_down():
    frames = after(play((UP, 3)), 400, play((FLOOR, 13)))
    assert stages(tell(detector(), frames)) == ["found_down"]


@pytest.mark.parametrize("fps", [9, 15, 30])
@pytest.mark.parametrize("n_bad", [1, 2, 3])
def test_bad_frames_of_somebody_who_stands_are_never_confirmed(fps, n_bad):
    good, bad = pose_of(UP), pose_of(squeezed(UP, 0.4))
    frames = [([bad if 3 * fps <= i < 3 * fps + n_bad else good], i / fps) for i in range(9 * fps)]
    assert stages(tell(detector(), frames)) in ([], ["suspected", "recovered"])
    given_anew = [([Track(1 + (t >= (3 * fps + n_bad) / fps), poses[0], t)], t) for poses, t in frames]
    assert stages(tell(detector(), given_anew)) in ([], ["suspected", "recovered"])


def test_nobody_is_confirmed_by_time_in_which_nobody_was_seen():
    events = tell(detector(), play(*FALL, (FLOOR, 0.5), (GONE, 20)))
    assert stages(events) == ["suspected", "unknown"]


def test_the_stage_comes_back_when_the_body_is_seen_again():
    events = tell(detector(), play(*FALL, (FLOOR, 4), (GONE, 5), (FLOOR, 3)))
    assert stages(events) == ["suspected", "confirmed", "unknown", "confirmed"]
    assert len({event.episode for event in events}) == 1


def test_an_id_that_moves_to_the_helper_is_no_recovery():
    helper = pose_of(standing((330, 420)))
    frames = []
    for poses, t in play(*FALL, (FLOOR, 18)):
        helped = t > 6
        swapped = t > 9
        hidden = 9 < t < 13
        tracks = [Track(2 if swapped else 1, poses[0], t)] if not hidden else []
        frames.append((tracks + ([Track(1 if swapped else 2, helper, t)] if helped else []), t))
    told = stages(tell(detector(long_lie_s=600), frames))
    assert "recovered" not in told and "cleared" not in told and told.count("suspected") == 1
    assert told[-1] == "confirmed"  # after unknown: seen again


def test_ids_that_change_places_in_one_frame_are_no_recovery_either():
    helper = pose_of(standing((330, 420)))
    frames = []
    for poses, t in play(*FALL, (FLOOR, 12)):
        one, other = (1, 2) if t < 8 else (2, 1)
        frames.append(([Track(one, poses[0], t), *([Track(other, helper, t)] if t > 5 else [])], t))
    assert stages(tell(detector(), frames)) == ["suspected", "confirmed"]


def test_the_suspicion_of_somebody_who_only_sat_down_ends():
    low_seat = moved(sitting((300, 400)), 0, 14)
    low_seat[[10, 13], 1] = SEATED[[10, 13], 1]
    events = tell(detector(confirm_s=5), play(*FALL, (FLOOR, 0.2), (low_seat, 1), (low_seat, 4)))
    assert stages(events) == ["suspected", "recovered"]


def below(figure, y):
    """A figure whose joints lower in the picture than `y` are hidden by something."""
    seen = figure.copy()
    seen[seen[:, 1] > y] = (np.nan, np.nan, 0)
    return seen


def hidden_below(frames: Frames, y: float) -> Frames:
    return [([pose_of(below(pose.keypoints, y)) for pose in poses], t) for poses, t in frames]


def test_a_fall_behind_furniture_is_suspected_and_sitting_down_behind_it_is_not():
    back = 330.0  # of a sofa: the legs are never seen
    told = tell(detector(), hidden_below(play(*FALL, (FLOOR, 2)), back))
    assert [(event.stage, event.evidence["cause"]) for event in told[:1]] == [("suspected", "lost while falling")]
    assert tell(detector(), hidden_below(play((UP, 2), (moved(SEATED, 0, 30), 1.2), (SEATED, 4)), back)) == []


def test_a_camera_that_tilts_up_loses_somebody_who_stands_which_is_no_fall():
    up = standing((300, 400), 300)
    frames, rule, said = [], detector(), []
    for i in range(120):
        t = i / 15
        tilted = moved(up, 0, 400 * min(max((t - 4) / 0.8, 0), 1))
        tilted[tilted[:, 1] > SIZE[1]] = (np.nan, np.nan, 0)
        frames.append(([] if np.isnan(tilted).all() else [pose_of(tilted)], t))
    for frame in frames:
        assert tell(rule, [frame]) == []
        said += [trouble.code for trouble in rule.troubles]
    assert set(said) == {"camera_moves"} and rule.troubles == ()


def test_somebody_who_rolls_out_of_bed_is_no_moving_camera():
    on_bed, beside = lying((200, 330)), lying((200, 390))
    rule = detector()
    for frame in play((on_bed, 3), (beside, 0.35), (beside, 2)):
        tell(rule, [frame])
        assert rule.troubles == ()


def shrunk_in_place(share):
    """Along the line of sight, on the back with bent knees: nothing is raised, and no limb shows its length."""
    figure = squeezed(UP, share)
    figure[[9, 12], 0] += (-25, 25)
    return figure


def test_somebody_who_sinks_slowly_along_the_line_of_sight_and_stays_is_suspected():
    events = tell(detector(), play((UP, 2), (shrunk_in_place(0.42), 1.6), (shrunk_in_place(0.42), 15)))
    assert [(event.stage, event.evidence["cause"]) for event in events[:1]] == [("suspected", "slow descent")]


def test_scores_follow_severity():
    found_down = tell(detector(), play((FLOOR, 13)))[0]
    suspected, confirmed, long_lie = tell(detector(long_lie_s=10), play(*FALL, (FLOOR, 15)))
    assert 0.2 <= suspected.score < confirmed.score < long_lie.score <= 1
    assert found_down.score >= 0.7
