"""The payloads of MQTT version 1 of EdgePose, as values: what each message says and how a frame becomes one.

Field names are the contract with subscribers; docs/reference/mqtt.md and `schema.py` are made from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from edgepose.alerts.message import OnOff, rounded
from edgepose.types import FrameResult, Track

SKELETON_VERSION = 1

SKELETON_KEYS = {
    "v": "version of this message",
    "seq": "number of the frame in its source",
    "t": "capture time, epoch milliseconds",
    "w": "picture width, pixels",
    "h": "picture height, pixels",
    "n": "people",
    "p": "list of people",
    "i": "track id",
    "s": "score, 0 to 1",
    "b": "box x0, y0, x1, y1, pixels",
    "k": "keypoints x, y, score, flat, in the order of keypoints; x and y null where absent",
    "st": "posture, where known",
    "q": "frames dropped since the last message",
}
"""What the short keys of a skeleton message mean; sent once in `info`."""


class Person(msgspec.Struct, frozen=True):
    """One person of a skeleton message; see SKELETON_KEYS."""

    i: int
    s: float
    b: Sequence[float | None]
    k: Sequence[float | None]
    st: str | UnsetType = UNSET


class Skeletons(msgspec.Struct, frozen=True):
    """`cam/<cam>/skeleton`: one frame's people; see SKELETON_KEYS."""

    v: int
    seq: int
    t: int
    w: int
    h: int
    n: int
    p: list[Person]
    q: int


class Occupancy(msgspec.Struct, frozen=True):
    """`cam/<cam>/occupancy`: whether and how many people are there."""

    state: OnOff
    count: int


class Observation(msgspec.Struct, frozen=True):
    """`cam/<cam>/event`: a posture, gesture or activity that began."""

    kind: str
    stage: str
    t: int
    track_id: int | None
    score: float
    zone: str | None
    evidence: dict[str, Any]


class Info(TypedDict, total=False):
    """`info`: the device card. schemas: id of each message's schema. skeleton_keys: what their short keys mean."""

    device: str
    versions: dict[str, str]
    model: dict[str, Any]
    keypoints: list[str]
    limbs: list[tuple[int, int]]
    cameras: list[dict[str, Any]]
    schemas: dict[str, str]
    skeleton_keys: dict[str, str]


class WatchedDay(TypedDict):
    """A camera's day so far, since midnight or the start: whole seconds with judged frames, and the rest by reason (a
    state of its link, starting, no_frames, not_judged). day: local date.
    """

    day: str
    watched_s: int
    unwatched_s: dict[str, int]


class Stats(TypedDict, total=False):
    """`stats`: numbers of the last interval, since the start for reconnects; what a board does not tell is null.

    latency_ms: p50 and p99 by stage. events: how many by kind.stage. gpu_load: 0 to 1. throttled: whether heat or
    current held clocks back. watched: each camera's day. mqtt_dropped: QoS 0 messages let go so far.
    mqtt_too_large: messages left out so far as the broker takes none of their size. spool_depth: alerts that wait.
    boot: names the boot of the device.
    """

    frames: int
    dropped: int
    people_frames: int
    fps: float
    latency_ms: dict[str, dict[str, float]]
    events: dict[str, int]
    reconnects: dict[str, int]
    gpu_load: float | None
    temperatures_c: dict[str, float]
    power_w: float | None
    ram_used_mb: float | None
    ram_total_mb: float | None
    throttled: bool | None
    watched: dict[str, WatchedDay]
    mqtt_dropped: int
    mqtt_too_large: int
    spool_depth: int
    boot: str


def skeletons(
    result: FrameResult, people: Sequence[Track], t_ms: int, postures: Mapping[int, str], n_dropped: int
) -> Skeletons:
    """The skeleton message of one frame. people: tracks seen in it. postures: latest posture by track id."""
    width, height = result.size_wh
    if not people:
        return Skeletons(SKELETON_VERSION, result.seq, t_ms, width, height, 0, [], n_dropped)
    keypoints = rounded(np.array([track.pose.keypoints for track in people]))
    by_joint = keypoints.swapaxes(0, 1).copy()  # joints first: the reductions below run over long rows
    low, high = np.fmin.reduce(by_joint, 0), np.fmax.reduce(by_joint, 0)  # fmin and fmax pass over NaN
    boxes = np.concatenate([low[:, :2], high[:, :2]], 1).tolist()
    flat = keypoints.reshape(len(people), -1).tolist()
    scores = np.array([track.pose.score for track in people]).round(2).tolist()
    persons = [
        Person(track.id, score, box, k, postures.get(track.id, UNSET))
        for track, score, box, k in zip(people, scores, boxes, flat, strict=True)
    ]
    return Skeletons(SKELETON_VERSION, result.seq, t_ms, width, height, len(persons), persons, n_dropped)
