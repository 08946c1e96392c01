"""A person: in one frame, and over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ShapeError
from edgepose.shown import shown
from edgepose.skeleton import BODYPOSENET_18, Skeleton, given_skeleton
from edgepose.types.picture import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One person in one frame.

    keypoints: float32 (K, 3), columns x, y, score. x and y are pixels of the source image (of the network input when
        returned by `group`). A keypoint that was not found has score 0 and x, y NaN.
    score: person score, 0 to 1.
    skeleton: which keypoints these are, in which order.

    `pose["left_wrist"]` is one keypoint by name.

    >>> import edgepose, numpy
    >>> pose = edgepose.Pose(numpy.full((18, 3), 0.5, numpy.float32), score=0.5)
    >>> pose["left_wrist"].tolist()
    [0.5, 0.5, 0.5]
    >>> sorted(pose.as_dict())[:2]
    ['left_ankle', 'left_ear']
    """

    keypoints: FloatArray
    score: float
    skeleton: Skeleton = BODYPOSENET_18

    __iter__: ClassVar[None] = None
    """Names lead to keypoints, numbers do not: without this Python would try them and call a pose a list."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """bool (K,): which keypoints are there."""
        try:
            there: NDArray[np.bool_] = self.keypoints[:, 2] > 0
            return there
        except (TypeError, IndexError):
            self._check()
            raise

    @property
    def box_xyxy(self) -> tuple[float, float, float, float]:
        """Tight box around the keypoints that are there, in pixels; four NaN when there are none."""
        xy = self.keypoints[self.found, :2]
        if not len(xy):
            return (float("nan"),) * 4
        (x0, y0), (x1, y1) = xy.min(0), xy.max(0)
        return float(x0), float(y0), float(x1), float(y1)

    def _check(self) -> None:
        """ShapeError, with what to write, where the keypoints are no array (K, 3) of the skeleton's K."""
        wanted = given_skeleton(self.skeleton).n_keypoints, 3
        shape = self.keypoints.shape if isinstance(self.keypoints, np.ndarray) else None
        if shape == wanted:
            return
        got = f"a {type(self.keypoints).__name__}" if shape is None else f"shape {shape}"
        layout = "coco17" if shape == (17, 3) else "the other network's layout"
        raise ShapeError(
            f"a pose has keypoints as an array of shape {wanted}, x, y and score of {self.skeleton.name!r}, got {got}; "
            f'for those of another network write edgepose.convert(keypoints, "{layout}")'
        )

    def __getitem__(self, keypoint: str) -> FloatArray:
        """float32 (3,) x, y, score of a keypoint, `left_wrist` or `l_wrist`; NaN, NaN, 0 where it was not found.

        KeyError for a name that the skeleton lacks; ShapeError where the keypoints are not the skeleton's.
        """
        if not isinstance(keypoint, str):
            raise KeyError(
                f"a keypoint goes by its name, such as 'nose'; by number it is pose.keypoints[{shown(keypoint)}]"
            )
        self._check()
        try:
            index = self.skeleton.index(keypoint)
        except ValueError as error:
            raise KeyError(str(error)) from None
        found: FloatArray = self.keypoints[index]
        return found

    def as_dict(self) -> dict[str, tuple[float, float, float] | None]:
        """(x, y, score) of every keypoint by COCO's name (`left_wrist`), None where it was not found."""
        self._check()
        return {
            name: (x, y, score) if score > 0 else None
            for name, (x, y, score) in zip(self.skeleton.long_names, self.keypoints.tolist(), strict=True)
        }

    def normalised(self, size_wh: tuple[int, int]) -> FloatArray:
        """float32 (K, 3): the keypoints with x and y as shares of a picture of `size_wh` pixels.

        0 and 1 are its outer edges, so the centre of the top-left pixel is half a pixel inside.
        """
        xy = (self.keypoints[:, :2] + 0.5) / np.asarray(size_wh, np.float32)
        return np.concatenate([xy, self.keypoints[:, 2:]], 1, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person over time.

    id: positive, unique within its tracker, never reused.
    pose: smoothed pose of this frame; the last one seen while `missing_s` > 0.
    t: second of this frame.
    age_s: seconds since the track was first seen.
    missing_s: seconds since it was last seen; 0 when seen in this frame.

    >>> import edgepose, numpy
    >>> pose = edgepose.Pose(numpy.full((18, 3), 0.5, numpy.float32), score=0.5)
    >>> track = edgepose.Track(id=1, pose=pose, t=2.0, age_s=2.0, missing_s=0.0)
    >>> track.id, track.missing_s
    (1, 0.0)
    """

    id: int
    pose: Pose
    t: float
    age_s: float = 0.0
    missing_s: float = 0.0
