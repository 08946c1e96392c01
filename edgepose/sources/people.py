"""Walking people made of numbers: where every keypoint of every person is at any second, by seed.

A person is a small articulated figure in body heights (forward, to its right, up), swung by a walking cycle and
projected straight onto the picture. People walk to and fro in lanes; one of them can be told to fall. The walking
angles are rounded from gait textbooks (hip +-25, knee up to 50 degrees, one cycle a second); they only have to look
alive.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.options import Options
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import FloatArray, Pose

LEG, ARM = 0.245, 0.165
"""Length of thigh and shin, and of upper and lower arm, in body heights."""

FALL_S = 0.7
"""Seconds from standing to lying."""

_FACE = {
    "nose": (0.075, 0.0, 0.905), "r_eye": (0.06, 0.03, 0.93), "l_eye": (0.06, -0.03, 0.93),
    "r_ear": (0.0, 0.065, 0.92), "l_ear": (0.0, -0.065, 0.92),
}  # fmt: skip
_IS_FACE = np.array([name in _FACE for name in BODYPOSENET_18.keypoints])
_HEAD = np.array((0.0, 0.0, 0.925))
_HIP_UP, _SHOULDER_UP, _ANKLE_UP = 0.53, 0.82, 0.04
_HALF_HIPS, _HALF_SHOULDERS = 0.07, 0.115
_HIDDEN_DEPTH = 0.03
"""Points of the face that lie farther behind the middle of the head than this are hidden by it."""


class SceneOptions(Options, frozen=True):
    """A synthetic scene. The same options give the same pictures and the same truth."""

    people: Annotated[int, Meta(ge=0, le=100, description="how many people walk about")] = 2
    width: Annotated[int, Meta(ge=16, le=7680, description="picture width, pixels")] = 640
    height: Annotated[int, Meta(ge=16, le=4320, description="picture height, pixels")] = 480
    fps: Annotated[float, Meta(gt=0, le=1000, description="pictures per second")] = 10.0
    frames: Annotated[int, Meta(ge=0, description="how many pictures there are, 0 for no end")] = 100
    seed: Annotated[int, Meta(ge=0, description="another seed, other people")] = 0
    size: Annotated[float, Meta(gt=0, le=2, description="height of the nearest person, in picture heights")] = 0.6
    fall_s: Annotated[float, Meta(description="second at which the first person falls; negative for never")] = -1.0
    live: Annotated[bool, Meta(description="give pictures at their time, as a camera does, and drop old ones")] = False


class Scene:
    """People of a scene, ordered from far to near; the same second gives the same people.

    height_px, ground_px: (n,) height of each person and the picture row it stands on, in pixels.
    """

    def __init__(self, options: SceneOptions) -> None:
        self.options = options
        rng = np.random.default_rng(options.seed)
        n = options.people
        nearness = np.sort(rng.uniform(0.72, 1.0, n)) if n > 1 else np.ones(n)
        self.height_px = options.size * options.height * nearness
        self.ground_px = options.height * (0.58 + 0.32 * nearness)
        self._lane = 2 * (rng.permutation(n) + rng.uniform(0, 0.5, n)) / max(n, 1)  # to and fro are two spans
        self._speed = rng.uniform(0.45, 0.75, n)  # body heights per second
        self._cycle_hz = self._speed / 0.65
        self._phase = rng.uniform(0, 2 * np.pi, n)
        self._yaw = np.deg2rad(rng.uniform(15, 45, n))
        self._faller = n - 1

    def poses(self, t: float) -> list[Pose]:
        """Who is seen at second `t`: as `figures`, with keypoints outside the picture absent as well."""
        limit = np.array((self.options.width - 1, self.options.height - 1))
        poses = []
        for keypoints in self.figures(t):
            keypoints[((keypoints[:, :2] < 0) | (keypoints[:, :2] > limit)).any(1)] = (np.nan, np.nan, 0)
            poses.append(Pose(keypoints, float(keypoints[:, 2].mean())))
        return poses

    def figures(self, t: float) -> list[FloatArray]:
        """Where everybody is at second `t`, float32 (18, 3) in pixels; points behind the head are absent."""
        return [self._figure(person, t) for person in range(self.options.people)]

    def _figure(self, person: int, t: float) -> FloatArray:
        fall_s = self.options.fall_s if person == self._faller and self.options.fall_s >= 0 else np.inf
        x, to_right = self._place(person, min(t, fall_s))
        points, head = figure(2 * np.pi * self._cycle_hz[person] * min(t, fall_s) + self._phase[person])
        yaw = self._yaw[person] if to_right else np.pi - self._yaw[person]
        seen = project(points, yaw)
        into_picture = 1 if x < 0.5 * self.options.width else -1
        lean = into_picture * 0.5 * np.pi * np.clip((t - fall_s) / FALL_S, 0, 1) ** 2
        turned = seen[:, :2] @ np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
        keypoints = np.ones((BODYPOSENET_18.n_keypoints, 3), np.float32)
        keypoints[:, 0] = x + self.height_px[person] * turned[:, 0]
        keypoints[:, 1] = self.ground_px[person] - self.height_px[person] * turned[:, 1]
        hidden = _IS_FACE & (seen[:, 2] < project(head[None], yaw)[0, 2] - _HIDDEN_DEPTH)
        keypoints[hidden] = (np.nan, np.nan, 0)
        return keypoints

    def _place(self, person: int, walked_s: float) -> tuple[float, bool]:
        """Where on its lane a person is after walking so long, pixels, and whether it walks to the right."""
        width, height = self.options.width, self.height_px[person]
        span = max(width - 0.5 * height, 1.0)
        way = self._lane[person] * span + walked_s * self._speed[person] * height
        to_right = (way // span) % 2 == 0
        return 0.5 * (width - span) + (way % span if to_right else span - way % span), bool(to_right)


def figure(phase: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A walker at one phase of the cycle (radians): keypoints (18, 3) and head (3,) in body heights.

    Axes: forward, to the walker's right, up from the ground.
    """
    points: dict[str, NDArray[np.float64]] = {name: np.array(where) for name, where in _FACE.items()}
    points["neck"] = np.array((0.0, 0.0, _SHOULDER_UP))
    for side, sign, swing in (("r", 1, np.sin(phase)), ("l", -1, -np.sin(phase))):
        lift = max(0.0, np.cos(phase)) if side == "r" else max(0.0, -np.cos(phase))
        thigh = np.deg2rad(25 * swing)
        shin = thigh - np.deg2rad(6 + 44 * lift)
        points[f"{side}_hip"] = np.array((0.0, sign * _HALF_HIPS, _HIP_UP))
        points[f"{side}_knee"] = points[f"{side}_hip"] + LEG * _down(thigh)
        points[f"{side}_ankle"] = points[f"{side}_knee"] + LEG * _down(shin)
        arm = np.deg2rad(-22 * swing)
        points[f"{side}_shoulder"] = np.array((0.0, sign * _HALF_SHOULDERS, _SHOULDER_UP))
        points[f"{side}_elbow"] = points[f"{side}_shoulder"] + ARM * (_down(arm) + np.array((0, 0.15 * sign, 0)))
        points[f"{side}_wrist"] = points[f"{side}_elbow"] + ARM * _down(arm + np.deg2rad(20))
    body = np.array([points[name] for name in BODYPOSENET_18.keypoints])
    sink = min(points["r_ankle"][2], points["l_ankle"][2]) - _ANKLE_UP  # the standing foot keeps to the ground
    return body - (0, 0, sink), _HEAD - (0, 0, sink)


def project(points: NDArray[np.float64], yaw: float) -> NDArray[np.float64]:
    """(n, 3) body heights to the picture: right, up, towards the viewer. Yaw 0 walks right, pi/2 to the viewer."""
    forward, right, up = points.T
    return np.stack([forward * np.cos(yaw) - right * np.sin(yaw), up, forward * np.sin(yaw) + right * np.cos(yaw)], 1)


def _down(angle: float) -> NDArray[np.float64]:
    return np.array((np.sin(angle), 0.0, -np.cos(angle)))
