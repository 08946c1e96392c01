"""A person's body in the picture: where its parts are, how long it is, how it leans. All rules start from here.

Heights and distances stay in pixels here; rules divide by the body height, estimated from limbs that are seen, so
that thresholds mean the same for a child near the camera and an adult across the room.
"""

from __future__ import annotations

import math
from typing import NamedTuple

MIN_HEIGHT_PX = 8.0  # smaller people are all noise

TORSO, THIGH, SHANK = 0.288, 0.245, 0.246  # lengths in body heights: Drillis and Contini 1966, as in Winter 2009

SEATED_THIGH = 0.75  # height of the thigh in the picture against the shank's: about 1 standing, 0 to 0.65 seated


class Body(NamedTuple):
    """One person's body in one frame, in pixels of the picture, y down; NaN is unknown.

    head, neck, hip, knee, ankle, hand: middle of the parts that are seen (neck: of the shoulders).
    left, top, right, bottom: box around the keypoints. n: number of keypoints.
    height_px: how tall the person would stand here, from the longest chain of limbs that is seen; foreshortening makes
        it too small, never too large.
    angle_deg: torso from upright, 0 standing, 90 horizontal, 180 head down. lean_deg: the same, positive to the right.
    trunk_y, thigh_y, shank_y: how far hip, knee and ankle are below neck, hip and knee.
    r_shoulder to l_wrist: joints of the arms. r_hip to l_ankle: of the legs.
    size_px: height_px without trust in any single limb, known from shoulders and arms too.
    """

    head_x: float
    head_y: float
    neck_x: float
    neck_y: float
    hip_x: float
    hip_y: float
    knee_x: float
    knee_y: float
    ankle_x: float
    ankle_y: float
    hand_x: float
    hand_y: float
    left: float
    top: float
    right: float
    bottom: float
    n: float
    height_px: float
    angle_deg: float
    lean_deg: float
    trunk_y: float
    thigh_y: float
    shank_y: float
    r_shoulder_x: float
    r_shoulder_y: float
    r_elbow_x: float
    r_elbow_y: float
    r_wrist_x: float
    r_wrist_y: float
    l_shoulder_x: float
    l_shoulder_y: float
    l_elbow_x: float
    l_elbow_y: float
    l_wrist_x: float
    l_wrist_y: float
    r_hip_x: float
    r_hip_y: float
    r_knee_x: float
    r_knee_y: float
    r_ankle_x: float
    r_ankle_y: float
    l_hip_x: float
    l_hip_y: float
    l_knee_x: float
    l_knee_y: float
    l_ankle_x: float
    l_ankle_y: float
    size_px: float

    @property
    def parts(self) -> tuple[float, ...]:
        """x and y in turn of head, neck, hip, knee, ankle and hand."""
        return self[:12]

    @property
    def arms(self) -> tuple[float, ...]:
        """x and y in turn of shoulder, elbow and wrist of the right and then of the left arm."""
        return self[23:35]

    @property
    def leg_joints(self) -> tuple[float, ...]:
        """x and y in turn of hip, knee and ankle of the right and then of the left leg."""
        return self[35:47]

    @property
    def span_px(self) -> float:
        """From one shoulder to the other."""
        return math.hypot(self.l_shoulder_x - self.r_shoulder_x, self.l_shoulder_y - self.r_shoulder_y)

    @property
    def legs(self) -> bool:
        """Whether a knee or an ankle is seen."""
        return self.knee_y == self.knee_y or self.ankle_y == self.ankle_y

    @property
    def centre(self) -> tuple[float, float]:
        """Hips, else shoulders, else the middle of the box."""
        if self.hip_y == self.hip_y:
            return self.hip_x, self.hip_y
        if self.neck_y == self.neck_y:
            return self.neck_x, self.neck_y
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def measurable(self) -> bool:
        """Whether there is enough to judge a posture by."""
        return self.n >= 4 and self.neck_y == self.neck_y and self.height_px >= MIN_HEIGHT_PX


def stands_on_legs(body: Body, height_px: float) -> bool:
    """Whether thighs and shanks go down from the hips as far as those of somebody who stands or bends over.

    On a seat the thigh turns towards the horizontal or the camera, so that its height in the picture shrinks against
    the shank's, however high the camera hangs.
    """
    thigh, shank = body.thigh_y, body.shank_y
    return thigh > 0.5 * THIGH * height_px and shank > 0.4 * SHANK * height_px and thigh > SEATED_THIGH * shank
