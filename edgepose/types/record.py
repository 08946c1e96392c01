"""The recording format: what one FrameResult is as JSON, and its line in the files that `edgepose replay` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from edgepose.errors import ConfigError
from edgepose.keypoint_set import KeypointSet, is_own
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types.event import Event
from edgepose.types.person import Pose, Track

SCHEMA: Literal["edgepose.frame/1"] = "edgepose.frame/1"

Bounded = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Keypoint = tuple[Bounded | None, Bounded | None, Bounded]
Side = Annotated[int, msgspec.Meta(ge=1, le=65_536)]
Second = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]


class TrackRecord(msgspec.Struct, frozen=True):
    """One person. keypoints: K times x, y (source pixels, null when absent), score."""

    id: int
    score: float
    age_s: float
    missing_s: float
    keypoints: list[Keypoint]


class EventRecord(msgspec.Struct, frozen=True):
    """One event, with the fields of `edgepose.types.Event`."""

    kind: str
    stage: str
    t: float
    track_id: int | None = None
    score: float = 1.0
    started_t: float | None = None
    episode: str | int | None = None  # recordings of earlier versions number the falls of a rule
    zone: str | None = None
    evidence: dict[str, Any] = {}


class FrameRecord(msgspec.Struct, frozen=True):
    """One line: a FrameResult without its picture. captured: RFC 3339 UTC; t: monotonic second (files: in the file).

    keypoint_set: of the people, where it is not BODYPOSENET_18.
    """

    schema: Literal["edgepose.frame/1"]
    source: str
    seq: int
    t: Second
    captured: str
    size_wh: tuple[Side, Side]
    tracks: list[TrackRecord]
    events: list[EventRecord]
    timings_ms: dict[str, float] = {}
    dropped: int = 0
    keypoint_set: KeypointSet | UnsetType = UNSET


_DECODER = msgspec.json.Decoder(FrameRecord)


def decode(line: str | bytes) -> FrameRecord:
    """The record of one line; msgspec.DecodeError or ValidationError when it is none."""
    return _DECODER.decode(line)


_STEPS = np.array([100.0, 100.0, 1000.0])
"""Steps of a pixel and of a score that are kept."""


def track_record(track: Track) -> TrackRecord:
    """A person as recorded: rounded to 0.01 pixel, 0.001 score and a millisecond."""
    keypoints = np.rint(track.pose.keypoints * _STEPS) / _STEPS
    return TrackRecord(
        track.id,
        round(float(track.pose.score), 3),
        round(track.age_s, 3),
        round(track.missing_s, 3),
        keypoints.tolist(),
    )


def track_of(recorded: TrackRecord, t: float, skeleton: Skeleton = BODYPOSENET_18) -> Track:
    """The person of a record whose frame was captured at second `t`."""
    rows = [[np.nan if x is None else x, np.nan if y is None else y, score] for x, y, score in recorded.keypoints]
    keypoints = np.asarray(rows, np.float32).reshape(-1, 3)
    return Track(recorded.id, Pose(keypoints, recorded.score, skeleton), t, recorded.age_s, recorded.missing_s)


def set_record(tracks: Sequence[Track]) -> KeypointSet | UnsetType:
    """The keypoint set of a frame's people as recorded, where it is one's own and can be written down."""
    skeleton = tracks[0].pose.skeleton if tracks else BODYPOSENET_18
    if skeleton is BODYPOSENET_18 or not is_own(skeleton):
        return UNSET
    try:
        return KeypointSet.of(skeleton)
    except ConfigError:  # a Skeleton made by hand, with names that no file takes
        return UNSET


def event_record(event: Event) -> EventRecord:
    """An event as recorded."""
    return EventRecord(
        kind=event.kind,
        stage=event.stage,
        t=event.t,
        track_id=event.track_id,
        score=float(event.score),
        started_t=event.started_t,
        episode=event.episode,
        zone=event.zone,
        evidence=dict(event.evidence),
    )


def event_of(recorded: EventRecord) -> Event:
    """The event of a record."""
    return Event(**msgspec.structs.asdict(recorded))
