"""JSON schemas of everything that EdgePose says: MQTT payloads and recordings, made from the values themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from edgepose.alerts.acknowledgement import Acknowledgement
from edgepose.alerts.message import Alert, DrillState, FallState
from edgepose.publish.mqtt.health import HealthMessage
from edgepose.publish.mqtt.messages import Info, Observation, Occupancy, Skeletons, Stats
from edgepose.publish.mqtt.pausing import PauseState, Pausing
from edgepose.types.record import FrameRecord

MESSAGES: dict[str, Any] = {
    "skeleton": Skeletons,
    "occupancy": Occupancy,
    "fall": FallState,
    "alert": Alert,
    "drill": DrillState,
    "event": Observation,
    "health": HealthMessage,
    "stats": Stats,
    "info": Info,
    "ack": Acknowledgement,
    "pause": PauseState,
    "pausing": Pausing,
    "frame": FrameRecord,
}
"""Every structured message by the last word of its topic; `frame` is one line of a recording."""

SCHEMA_IDS = {name: f"edgepose.{name}/1" for name in MESSAGES}
"""Identifier of each message's schema, as `info` lists them."""


def schemas() -> dict[str, Any]:
    """One JSON Schema (draft 2020-12) per message, by name."""
    return {name: {"$id": SCHEMA_IDS[name], **msgspec.json.schema(kind)} for name, kind in MESSAGES.items()}
