"""Skeletons over time: a script, played by some person, seen by some camera, found by an imperfect network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepose.training.trajectories.body import Array, joints, place
from edgepose.training.trajectories.scripts import Script, Step
from edgepose.types import FloatArray, Pose

GAIT_HZ = 0.9  # strides per second at one metre per second
SWING_RAD = 0.45  # thigh from vertical at most
WAVE_HZ = 1.3


@dataclass(frozen=True)
class Trajectory:
    """One person over time.

    keypoints: float32 (T, 18, 3) pixels and score, BodyPoseNet order; NaN and 0 where absent. fps: frames per second.
    fallen_s: second of the impact, None without a fall. truth: float64 (T, 18, 2) where the joints really are.
    """

    keypoints: FloatArray
    fps: float
    size_wh: tuple[int, int]
    fallen_s: float | None
    truth: Array

    def frames(self) -> list[tuple[list[Pose], float]]:
        """(poses, second) of every frame, as a network would hand them out: nobody where nothing was found."""
        return [
            (
                [Pose(points, float(points[points[:, 2] > 0, 2].mean()))] if (points[:, 2] > 0).any() else [],
                i / self.fps,
            )
            for i, points in enumerate(self.keypoints)
        ]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. position_m: x, y on the floor and height. target_m: what it looks at. roll_deg: its tilt."""

    position_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    fov_deg: float
    roll_deg: float
    size_wh: tuple[int, int]

    def project(self, points_m: Array) -> Array:
        """(..., 2) pixels of points (..., 3) in metres; NaN behind the camera."""
        ahead = np.subtract(self.target_m, self.position_m)
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(ahead, right)
        c, s = math.cos(math.radians(self.roll_deg)), math.sin(math.radians(self.roll_deg))
        axes = np.stack([c * right + s * down, c * down - s * right, ahead], 1)
        x, y, depth = np.moveaxis((points_m - self.position_m) @ axes, -1, 0)
        depth = np.where(depth > 0.1, depth, np.nan)
        width, height = self.size_wh
        focal = 0.5 * width / math.tan(math.radians(self.fov_deg) / 2)
        return np.stack([focal * x / depth + width / 2 - 0.5, focal * y / depth + height / 2 - 0.5], -1)


def random_camera(r: np.random.Generator) -> Camera:
    """Somewhere on a wall or a shelf, looking roughly at the middle of the room."""
    angle, distance = r.uniform(0, math.tau), r.uniform(2.8, 6)
    position = (distance * math.cos(angle), distance * math.sin(angle), r.uniform(0.8, 2.8))
    size = [(640, 480), (1280, 720), (320, 240)][r.integers(3)]
    return Camera(
        position, (r.normal(0, 0.2), r.normal(0, 0.2), r.uniform(0.5, 1.0)), r.uniform(55, 85), r.normal(0, 3), size
    )


def generate(
    script: Script,
    seed: int,
    *,
    fps: float | None = None,
    camera: Camera | None = None,
    facing_deg: float = 180.0,
    noise: float = 1.0,
) -> Trajectory:
    """Play a script with everything else drawn from `seed`.

    facing_deg: how far the person may be turned away from the camera. noise: 0 a perfect network, 1 an ordinary one.
    """
    r = np.random.default_rng(seed)
    steps = script(r)
    fps = fps or float(r.choice([5, 8, 10, 12, 15, 20, 25, 30]))
    camera = camera or random_camera(r)
    height_m = r.uniform(1.5, 1.9)
    heading = math.atan2(camera.position_m[1], camera.position_m[0]) + math.radians(r.uniform(-facing_deg, facing_deg))
    seconds = np.arange(0, sum(step.seconds for step in steps), 1 / fps)
    directions, way = _play(steps, seconds)
    body = place(joints(directions, height_m), directions[:, 11, 0], height_m)
    body[..., :2] += way[:, None]
    c, s = math.cos(heading), math.sin(heading)
    turned = body.copy()
    turned[..., 0] = c * body[..., 0] - s * body[..., 1]
    turned[..., 1] = s * body[..., 0] + c * body[..., 1]
    middle = turned[:, 8:12:3].mean((0, 1))
    turned[..., :2] -= middle[:2]
    truth = camera.project(turned)
    ends = np.cumsum([step.seconds for step in steps])
    fallen = [float(end) for end, step in zip(ends, steps, strict=True) if step.fallen]
    keypoints = _network(truth, camera.size_wh, fps, noise, r)
    return Trajectory(keypoints, fps, camera.size_wh, fallen[0] if fallen else None, truth)


def _play(steps: list[Step], seconds: NDArray[np.float64]) -> tuple[Array, Array]:
    """Directions (T, 12, 3) and the way over the floor (T, 2) in metres, forward and left, at each second."""
    directions, way = np.zeros((len(seconds), 12, 3)), np.zeros((len(seconds), 2))
    before, begin, start = steps[0].posture.array(), 0.0, np.zeros(2)
    for step in steps:
        here = (seconds >= begin) & (seconds < begin + step.seconds)
        share = (seconds[here] - begin) / step.seconds
        eased = share**2 if step.ease == "fall" else share**3 * (10 - 15 * share + 6 * share**2)
        after = step.posture.array()
        directions[here] = _turn(before, after, eased[:, None, None])
        way[here] = start + np.outer(share * step.seconds * step.speed, (1, 0)) + np.outer(eased * step.shift_m, (0, 1))
        if step.ease == "walk":
            directions[here] = _gait(directions[here], seconds[here] - begin, step.speed)
        if step.ease == "wave":
            directions[here, 8] += 0.7 * np.sin(math.tau * WAVE_HZ * seconds[here])[:, None] * (0, 1, 0)
        before, begin = after, begin + step.seconds
        start = np.add(start, (step.seconds * step.speed, step.shift_m))
    return directions, way


def _turn(before: Array, after: Array, share: Array) -> Array:
    """Directions (T, 12, 3) on the way from one posture to another, share (T, 1, 1) of it done.

    Limbs turn evenly: mixing the vectors instead would whip a limb that turns far through the middle of its way, and
    let somebody who crouches deliberately come down as fast as somebody who falls. The seat, in the last row, moves.
    """
    lengths = [np.maximum(np.linalg.norm(rows[:11], axis=1, keepdims=True), 1e-9) for rows in (before, after)]
    unit_before, unit_after = before[:11] / lengths[0], after[:11] / lengths[1]
    angle = np.arccos(np.clip((unit_before * unit_after).sum(1, keepdims=True), -1, 1))
    angle = np.clip(angle, 1e-6, math.pi - 1e-3)
    turned = (np.sin((1 - share) * angle) * unit_before + np.sin(share * angle) * unit_after) / np.sin(angle)
    return np.concatenate([turned, before[11:] + share * (after[11:] - before[11:])], axis=1)


def _gait(directions: Array, seconds: Array, speed: float) -> Array:
    """Legs and arms swinging; on the spot, knees go up instead."""
    phase = math.tau * GAIT_HZ * max(speed, 0.8) * seconds
    for side, thigh, shank, arm in ((1, 3, 4, 9), (-1, 5, 6, 7)):
        swing = side * np.sin(phase)
        lift = np.clip(side * np.cos(phase), 0, None)
        angle = SWING_RAD * (swing if speed > 0 else lift * 1.5)
        directions[:, thigh] = np.stack([np.sin(angle), 0 * angle, -np.cos(angle)], 1)
        knee = angle - 0.9 * lift
        directions[:, shank] = np.stack([np.sin(knee), 0 * angle, -np.cos(knee)], 1)
        directions[:, arm, 0] += 0.4 * swing
    return directions


def _network(truth: Array, size_wh: tuple[int, int], fps: float, noise: float, r: np.random.Generator) -> FloatArray:
    """What a network finds: keypoints that tremble, stray and vanish, lying people most of all."""
    n, k = truth.shape[:2]
    size_px = np.nanmax(np.nanmax(truth[..., 1], 1) - np.nanmin(truth[..., 1], 1))
    xy = truth + noise * size_px * (0.010 * r.normal(size=(n, k, 2)) + _slow(r, n, k, fps))
    stray = r.random((n, k)) < 0.01 * noise
    xy[stray] += size_px * r.normal(0, 0.08, (int(stray.sum()), 2))
    torso = truth[:, 1] - truth[:, [8, 11]].mean(1)
    flat = np.abs(torso[:, 0]) > np.abs(torso[:, 1])
    missing = r.random((n, k)) < noise * np.where(flat, r.uniform(0.02, 0.3), 0.03)[:, None]
    gone = np.zeros(n, bool)
    rate = np.where(flat, r.uniform(0, 0.6), 0.01) * noise
    for i in range(n):  # frames without the person come in runs of a third of a second
        keep = math.exp(-3 / fps)
        gone[i] = r.random() < (keep + (1 - keep) * rate[i] if i and gone[i - 1] else (1 - keep) * rate[i])
    outside = ~((xy >= 0) & (xy < size_wh)).all(-1)
    absent = missing | gone[:, None] | outside
    scores = np.clip(r.normal(0.7, 0.15, (n, k)), 0.15, 1)
    result = np.concatenate([xy, scores[..., None]], -1).astype(np.float32)
    result[absent] = (np.nan, np.nan, 0)
    return result


def _slow(r: np.random.Generator, n: int, k: int, fps: float) -> Array:
    """Drift with a memory of half a second, in body sizes."""
    keep = math.exp(-2 / fps)
    drift = np.zeros((n, k, 2))
    drift[0] = r.normal(0, 0.012, (k, 2))
    for i in range(1, n):
        drift[i] = keep * drift[i - 1] + r.normal(0, 0.012 * math.sqrt(1 - keep**2), (k, 2))
    return drift
