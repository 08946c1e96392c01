"""What an alert says: one step in the life of a fall, whoever carries it.

Field names are the contract with subscribers; docs/reference/mqtt-alerts.md and the schemas are made from them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

AlertType = Literal["new", "update", "end"]
Severity = Literal["info", "warning", "critical"]
OnOff = Literal["ON", "OFF"]


class FallState(msgspec.Struct, frozen=True):
    """`cam/<cam>/fall`: ON from the first suspicion until the fall is closed. stage: the gravest of the open falls."""

    state: OnOff
    stage: str | None = None
    alert_id: str | None = None


class DrillState(msgspec.Struct, frozen=True):
    """`drill`: ON while a drill is open. last_drill_ok: when one last reached somebody, RFC 3339 UTC."""

    state: OnOff
    alert_id: str | None = None
    last_drill_ok: str | None = None


class Clock(msgspec.Struct, frozen=True):
    """synced: whether the wall clock followed a time server when the alert was made."""

    synced: bool


class Delivery(msgspec.Struct, frozen=True):
    """attempt: 1 for the first. queued_ms: how long the alert has waited. replayed: whether it was sent before."""

    attempt: int = 1
    queued_ms: int = 0
    replayed: bool = False


class Alert(msgspec.Struct, frozen=True):
    """`cam/<cam>/alert`: one step in the life of a fall.

    id: UUIDv7 that all steps of one fall share. seq: gapless per device. started, ended, captured: RFC 3339 UTC.
    mono_ms: monotonic milliseconds of capture, right even while the wall clock is not. pose: flat x, y, score of the
    person. model: name and sha256 of the network. boot: names the boot that mono_ms counts from. drill: sent by a
    person as a test. related: ids of alerts of other cameras that are likely the same fall.
    """

    schema: Literal["edgepose.alert/1"]
    id: str
    seq: int
    device: str
    type: AlertType
    event_type: str
    severity: Severity
    cam: str
    zone: str | None
    track_id: int | None
    score: float
    started: str
    ended: str | None
    captured: str
    mono_ms: int
    clock: Clock
    evidence: dict[str, Any]
    pose: list[float | None] | None
    model: dict[str, Any] | None
    boot: str = ""
    drill: bool = False
    related: list[str] = []
    delivery: Delivery = Delivery()


_STEPS = np.array([10.0, 10.0, 100.0])
"""Steps per unit to which x, y and score are rounded: 0.1 pixel and 0.01."""


def rounded(keypoints: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """float (..., K, 3) rounded to 0.1 pixel and 0.01 score; NaN stays.

    In float64, where the nearest number to a rounded one is also written with one decimal.
    """
    steps: NDArray[np.float64] = np.rint(keypoints * _STEPS) / _STEPS
    return steps
