"""The words of the project: the values that flow from stage to stage. Values only, immutable, no behaviour.

Frame -> Fields -> Pose -> Track -> Event, gathered per frame in FrameResult. Arrays are never written to after they
were put into a value. Pixel (0, 0) is the centre of the top-left pixel; x points right, y down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""uint8 (H, W, 3), BGR."""

FloatArray = NDArray[np.float32]

CameraState = Literal["online", "stalled", "reconnecting", "offline"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one source.

    image: uint8 (H, W, 3) BGR.
    t: monotonic second at which it was captured (for files: the presentation time).
    seq: 0-based number of the frame in its source, counting dropped ones.
    source: name of the camera or file it came from.
    """

    image: Image
    t: float
    seq: int
    source: str = "default"


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What the network says about one picture, in network-input coordinates.

    heatmaps: float32 (C >= K, h, w), channel k = keypoint k; a background channel may follow.
    pafs: float32 (2L, h', w'), channels as `Skeleton.paf_channels` says.
    heatmap_stride, paf_stride: input pixels per cell; cell g lies at pixel (g + 0.5) * stride - 0.5.
    """

    heatmaps: FloatArray
    pafs: FloatArray
    heatmap_stride: float = 8.0
    paf_stride: float = 8.0


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


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something a rule recognised.

    kind: fall, posture, gesture or activity (a user's own rule may name its own).
    stage: for a fall suspected, confirmed, long_lie, found_down, recovered, cleared or unknown; else the class name.
    t: monotonic second the event is about; started_t: second at which it began.
    track_id: the person, or None when it concerns the scene.
    score: 0 to 1.
    episode: id that all stages of one fall share, a UUIDv7; recordings of the first version have numbers.
    evidence: named numbers and words that say why, fit for JSON.
    """

    kind: str
    stage: str
    t: float
    track_id: int | None = None
    score: float = 1.0
    started_t: float | None = None
    episode: str | int | None = None
    zone: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class LookAgain:
    """A rule's wish for a second look by the same network on part of the last frame.

    crop_xyxy: region in source pixels. rotation_deg: counter-clockwise turn applied to the region, a multiple of 90.
    track_id: the person the rule looks for. Before the source's next frame is judged, the poses found there, in
    source pixels, are handed back through `Rule.second_look`, or the look is refused through `Rule.look_refused`.
    """

    crop_xyxy: tuple[float, float, float, float]
    rotation_deg: int
    track_id: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """All that is known about one frame.

    size_wh: pixels of the source image. image: the picture itself while it is kept in memory, else None.
    timings_ms: milliseconds per stage (capture, preprocess, infer, group, track, rules).
    dropped: frames that the source let go since the last result.
    """

    source: str
    seq: int
    t: float
    size_wh: tuple[int, int]
    tracks: tuple[Track, ...] = ()
    events: tuple[Event, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    dropped: int = 0
    image: Image | None = None
