"""A person: in one frame, and over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepose.types.picture import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One person in one frame.

    keypoints: float32 (K, 3), columns x, y, score. x and y are pixels of the source image (of the network input when
        returned by `group`). A keypoint that was not found has score 0 and x, y NaN.
    score: person score, 0 to 1.
    """

    keypoints: FloatArray
    score: float

    @property
    def found(self) -> NDArray[np.bool_]:
        """bool (K,): which keypoints are there."""
        return self.keypoints[:, 2] > 0

    @property
    def box_xyxy(self) -> tuple[float, float, float, float]:
        """Tight box around the keypoints that are there, in pixels; four NaN when there are none."""
        xy = self.keypoints[self.found, :2]
        if not len(xy):
            return (float("nan"),) * 4
        (x0, y0), (x1, y1) = xy.min(0), xy.max(0)
        return float(x0), float(y0), float(x1), float(y1)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person over time.

    id: positive, unique within its tracker, never reused.
    pose: smoothed pose of this frame; the last one seen while `missing_s` > 0.
    t: second of this frame.
    age_s: seconds since the track was first seen.
    missing_s: seconds since it was last seen; 0 when seen in this frame.
    """

    id: int
    pose: Pose
    t: float
    age_s: float = 0.0
    missing_s: float = 0.0
