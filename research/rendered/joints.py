"""The joints that a pose bends: axes in the resting body's frame, and how far each goes.

Limits are ranges of motion of healthy adults (AAOS; Norkin & White, Measurement of Joint Motion), slightly rounded;
where the resting body is not at the anatomical zero, the difference is in REST_DEG.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDES = {"l": 1.0, "r": -1.0}
"""Left is where x is positive."""


@dataclass(frozen=True)
class Joint:
    """One hinge of one bone. Positive is flexion, abduction, turning outward or (spine, neck) forward, left, left.

    bone: name in the body's skeleton. axis: of a positive turn, in the resting body's frame. low_deg, high_deg: limits
    in anatomical degrees. rest_deg: where the resting body stands.
    """

    name: str
    bone: str
    axis: tuple[float, float, float]
    low_deg: float
    high_deg: float
    rest_deg: float = 0.0


def _spine() -> list[Joint]:
    rows = [("spine", "spine03", 35, 20, 20), ("chest", "spine01", 30, 15, 25), ("neck", "neck01", 35, 25, 35)]
    rows.append(("head", "head", 25, 20, 40))
    out = []
    for name, bone, bend, lean, twist in rows:
        out.append(Joint(f"{name}_twist", bone, (0, 0, 1), -twist, twist))
        out.append(Joint(f"{name}_lean", bone, (0, 1, 0), -lean, lean))
        out.append(Joint(f"{name}_bend", bone, (1, 0, 0), -bend * 0.7, bend))
    return out


def _side(side: str) -> list[Joint]:
    s, bone = SIDES[side], side.upper()
    return [
        Joint(f"{side}_hip_flex", f"upperleg01.{bone}", (-1, 0, 0), -20, 125),
        Joint(f"{side}_hip_abduct", f"upperleg01.{bone}", (0, -s, 0), -20, 45, 4),
        Joint(f"{side}_hip_turn", f"upperleg01.{bone}", (0, 0, s), -35, 45),
        Joint(f"{side}_knee_flex", f"lowerleg01.{bone}", (1, 0, 0), 0, 140, 8),
        Joint(f"{side}_foot_point", f"foot.{bone}", (1, 0, 0), -20, 50),
        Joint(f"{side}_clavicle", f"clavicle.{bone}", (0, -s, 0), -5, 25),
        Joint(f"{side}_arm_flex", f"upperarm01.{bone}", (-1, 0, 0), -50, 170),
        Joint(f"{side}_arm_abduct", f"upperarm01.{bone}", (0, -s, 0), 5, 160, 42),
        Joint(f"{side}_arm_turn", f"upperarm01.{bone}", (-s * 0.66, 0.02, 0.75), -60, 70),
        Joint(f"{side}_elbow_flex", f"lowerarm01.{bone}", (-0.75, 0.05 * s, -0.66 * s), 0, 145, 45),
        Joint(f"{side}_wrist_flex", f"wrist.{bone}", (-0.75, 0.05 * s, -0.66 * s), -50, 60),
    ]


JOINTS: tuple[Joint, ...] = tuple(_spine() + _side("l") + _side("r"))
"""Within a bone the first turns last: its axis stays fixed to the parent."""
INDEX = {joint.name: k for k, joint in enumerate(JOINTS)}
LOW = np.array([j.low_deg for j in JOINTS], np.float64)
HIGH = np.array([j.high_deg for j in JOINTS], np.float64)
REST = np.array([j.rest_deg for j in JOINTS], np.float64)

Angles = NDArray[np.float64]
"""float64 (J,): anatomical degrees in the order of JOINTS."""


def angles_of(degrees: dict[str, float]) -> Angles:
    """Angles by name within their limits, the resting ones where none is given. KeyError for a joint that is none."""
    out = np.clip(REST, LOW, HIGH)
    for name, value in degrees.items():
        out[INDEX[name]] = value
    return np.clip(out, LOW, HIGH)
