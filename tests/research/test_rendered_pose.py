"""Bodies bend at their joints, within limits, and come to rest."""

from __future__ import annotations

import numpy as np
import pytest
from rendered_bodies import stick_figure

from research.rendered.joints import HIGH, JOINTS, LOW, angles_of
from research.rendered.poses import FAMILIES, draw_pose
from research.rendered.rig import place
from research.rendered.rotation import about
from research.rendered.settle import SINK, Hold, settle
from research.rendered.solids import Box, depths

BODY = stick_figure()
LYING = about((1, 0, 0), np.deg2rad(-90))


def head_of(name: str, placed) -> np.ndarray:
    bone = BODY.rig.names.index(name)
    return placed.turns[bone] @ BODY.rig.heads[bone] + placed.shifts[bone]


def resting_points(angles, turn, at) -> np.ndarray:
    return place(BODY.rig, angles, turn, at).move(BODY.points, BODY.weights)


def test_a_body_at_its_resting_angles_does_not_move():
    placed = place(BODY.rig, angles_of({}), np.eye(3), BODY.rig.heads[0])
    assert np.allclose(placed.move(BODY.points, BODY.weights), BODY.points, atol=1e-9)


@pytest.mark.parametrize(
    ("joint", "degrees", "bone", "direction"),
    [
        ("l_hip_flex", 90, "lowerleg01.L", (0, -1, 0)),
        ("r_hip_flex", 90, "lowerleg01.R", (0, -1, 0)),
        ("l_hip_abduct", 44, "lowerleg01.L", (1, 0, 0)),
        ("r_hip_abduct", 44, "lowerleg01.R", (-1, 0, 0)),
        ("l_knee_flex", 98, "foot.L", (0, 1, 0)),
        ("spine_bend", 30, "head", (0, -1, 0)),
        ("spine_lean", 15, "head", (1, 0, 0)),
        ("l_arm_abduct", 130, "lowerarm01.L", (0, 0, 1)),
        ("r_arm_abduct", 130, "lowerarm01.R", (0, 0, 1)),
        ("l_arm_flex", 90, "lowerarm01.L", (0, -1, 0)),
        ("r_elbow_flex", 130, "wrist.R", (0, 0, 1)),
    ],
)
def test_a_joint_moves_what_hangs_on_it_the_anatomical_way(joint, degrees, bone, direction):
    before = head_of(bone, place(BODY.rig, angles_of({}), np.eye(3), BODY.rig.heads[0]))
    after = head_of(bone, place(BODY.rig, angles_of({joint: degrees}), np.eye(3), BODY.rig.heads[0]))
    assert (after - before) @ np.array(direction) > 0.05


def test_an_angle_beyond_its_joint_ends_at_the_limit():
    angles = angles_of({"l_knee_flex": 400, "r_knee_flex": -90})
    assert (angles >= LOW).all()
    assert (angles <= HIGH).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_poses_stay_within_limits_and_repeat(family):
    poses = [draw_pose(np.random.default_rng(k), family) for k in (1, 1, 2)]
    assert all((p.angles >= LOW).all() and (p.angles <= HIGH).all() for p in poses)
    assert np.array_equal(poses[0].angles, poses[1].angles)
    assert not np.array_equal(poses[0].angles, poses[2].angles)


def test_every_joint_of_a_family_is_one_and_a_quarter_stands_or_walks():
    names = {joint.name for joint in JOINTS} | {joint.name[2:] for joint in JOINTS}
    assert all(set(family.joints) <= names for family in FAMILIES.values())
    total = sum(family.share for family in FAMILIES.values())
    upright = sum(FAMILIES[name].share for name in ("stand", "walk", "stoop"))
    assert upright / total == pytest.approx(0.25, abs=0.02)


def test_somebody_let_go_in_the_air_lies_on_the_floor():
    held = resting_points(*settle(BODY, angles_of({}), LYING, np.array([0, 0, 2.0]), (), Hold(0.003, 0.02)))
    assert held[:, 2].min() == pytest.approx(-SINK, abs=1e-6)
    assert held[:, 2].max() < 0.4
    touching = held[held[:, 2] < 0.03]
    assert np.ptp(touching[:, 1]) > 1.0  # from head to heels, not balanced on one point


def test_a_limp_arm_falls_and_a_held_one_does_not():
    raised = angles_of({"l_arm_flex": 90, "r_arm_flex": 90})
    heights = []
    for hold in (Hold(0.002, 0.05), Hold(3.0, 0.05)):
        angles, turn, at = settle(BODY, raised, LYING, np.array([0, 0, 0.5]), (), hold)
        heights.append(head_of("wrist.L", place(BODY.rig, angles, turn, at))[2])
    assert heights[0] < 0.2
    assert heights[1] > 0.3


def test_who_sits_rests_on_the_seat():
    seat = Box((0, 0.25, 0), (0.6, 0.5, 0.45))
    sitting = angles_of({f"{s}_{j}": a for s in "lr" for j, a in (("hip_flex", 90), ("knee_flex", 90))})
    hold = Hold(0.3, 3.0, 20.0)
    angles, turn, at = settle(BODY, sitting, np.eye(3), np.array([0, 0.25, 1.0]), (seat,), hold, on_seat=True)
    points = resting_points(angles, turn, at)
    assert 0.4 < at[2] < 0.75
    assert depths(points, (seat,))[0].max() < 0.03
    thighs = points[BODY.weights[:, [BODY.rig.names.index(f"upperleg01.{s}") for s in "LR"]].any(1)]
    assert thighs[:, 2].min() == pytest.approx(0.45, abs=0.02)


def test_legs_against_the_front_of_a_seat_do_not_lift_who_sits_on_it():
    seat = Box((0, 0.25, 0), (0.6, 0.5, 0.45))
    folded = angles_of({f"{s}_{j}": a for s in "lr" for j, a in (("hip_flex", 90), ("knee_flex", 115))})
    start = np.array([0, 0.25, 1.0])
    angles, turn, at = settle(BODY, folded, np.eye(3), start, (seat,), Hold(0.3, 3.0, 20.0), on_seat=True)
    points = resting_points(angles, turn, at)
    inner = (np.abs(points[:, 0]) < 0.25) & (points[:, 1] > 0.05) & (points[:, 1] < 0.45)
    assert points[inner, 2].min() == pytest.approx(0.45, abs=0.02)


def test_limits_hold_while_a_body_settles():
    for seed in range(6):
        pose = draw_pose(np.random.default_rng(seed), "back")
        angles, _, _ = settle(BODY, pose.angles, pose.turn, np.array([0, 0, 1.0]), (), pose.hold)
        assert (angles >= LOW - 1e-6).all()
        assert (angles <= HIGH + 1e-6).all()


def test_crossed_legs_are_pushed_apart():
    crossed = angles_of({"l_hip_abduct": -20, "r_hip_abduct": -20, "l_knee_flex": 0, "r_knee_flex": 0})
    angles, turn, at = settle(BODY, crossed, LYING, np.array([0, 0, 0.3]), (), Hold(0.003, 0.02))
    before, after = (place(BODY.rig, a, turn, at) for a in (crossed, angles))
    gaps = [np.linalg.norm(head_of("foot.L", p) - head_of("foot.R", p)) for p in (before, after)]
    assert gaps[1] > gaps[0]
