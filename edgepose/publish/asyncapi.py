"""An AsyncAPI 3 document of everything that goes over MQTT: topics, payloads, QoS, what is kept. Made from the values.

The topics stand here once more as a table, beside `topics.py` and docs/reference/mqtt.md; a test compares it with what
a broker is sent.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from edgepose.publish.mqtt.topics import ROOT
from edgepose.publish.schema import MESSAGES, SCHEMA_IDS
from edgepose.version import __version__


class Channel(NamedTuple):
    """One topic. path: below the device. words: its payloads, where it is a word and no JSON. sent: by the device."""

    name: str
    path: str
    message: str
    qos: int = 1
    retained: bool = True
    expiry_s: int | None = None
    words: tuple[str, ...] = ()
    sent: bool = True


CHANNELS = (
    Channel("status", "status", "status", words=("online", "stopped", "offline")),
    Channel("info", "info", "info"),
    Channel("health", "health", "health"),
    Channel("drill", "drill", "drill"),
    Channel("stats", "stats", "stats", qos=0, retained=False),
    Channel(
        "cameraStatus",
        "cam/{camera}/status",
        "cameraStatus",
        words=("online", "stalled", "reconnecting", "offline", "paused"),
    ),
    Channel("occupancy", "cam/{camera}/occupancy", "occupancy"),
    Channel("fall", "cam/{camera}/fall", "fall"),
    Channel("alert", "cam/{camera}/alert", "alert", retained=False),
    Channel("skeleton", "cam/{camera}/skeleton", "skeleton", qos=0, retained=False, expiry_s=2),
    Channel("event", "cam/{camera}/event", "event", qos=0, retained=False, expiry_s=60),
    Channel("pause", "cam/{camera}/pause", "pause"),
    Channel("ack", "ack", "ack", retained=False, sent=False),
    Channel("pager", "pager/{pager}", "presence", words=("online", "offline"), sent=False),
    Channel("pauseSet", "cam/{camera}/pause/set", "pausing", retained=False, sent=False),
)
"""Every topic of a device."""

_PARAMETERS = {
    "device": "mqtt.device, as topics spell it",
    "camera": "the camera's name, as topics spell it",
    "pager": "a pager's own name, one level",
}


def document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document, as JSON."""
    kinds = {one.message: MESSAGES[one.message] for one in CHANNELS if not one.words}
    found, components = msgspec.json.schema_components(kinds.values(), ref_template="#/components/schemas/{name}")
    payloads: dict[str, Any] = dict(zip(kinds, found, strict=True))
    payloads |= {one.message: {"type": "string", "enum": list(one.words)} for one in CHANNELS if one.words}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "EdgePose over MQTT",
            "version": __version__,
            "description": "People, falls and alerts of one device. docs/reference/mqtt.md says what they mean.",
        },
        "defaultContentType": "application/json",
        "channels": {one.name: _channel(one) for one in CHANNELS},
        "operations": {f"{'send' if one.sent else 'receive'}-{one.name}": _operation(one) for one in CHANNELS},
        "components": {
            "messages": {one.message: _message(one, payloads[one.message]) for one in CHANNELS},
            "schemas": components,
        },
    }


def _channel(one: Channel) -> dict[str, Any]:
    address = f"{ROOT}/{{device}}/{one.path}"
    return {
        "address": address,
        "messages": {one.message: {"$ref": f"#/components/messages/{one.message}"}},
        "parameters": {name: {"description": text} for name, text in _PARAMETERS.items() if f"{{{name}}}" in address},
    }


def _operation(one: Channel) -> dict[str, Any]:
    mqtt: dict[str, Any] = {"qos": one.qos, "retain": one.retained, "bindingVersion": "0.2.0"}
    if one.expiry_s is not None:
        mqtt["messageExpiryInterval"] = one.expiry_s
    return {
        "action": "send" if one.sent else "receive",
        "channel": {"$ref": f"#/channels/{one.name}"},
        "messages": [{"$ref": f"#/channels/{one.name}/messages/{one.message}"}],
        "bindings": {"mqtt": mqtt},
    }


def _message(one: Channel, payload: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"name": one.message, "payload": payload}
    message["contentType"] = "text/plain" if one.words else "application/json"
    if not one.words:
        message["title"] = SCHEMA_IDS[one.message]
    return message
