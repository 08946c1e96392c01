"""Alerts as CloudEvents 1.0 (binary mode over MQTT 5): the attributes stand in the packet's user properties.

A router of events can sort, forward and de-duplicate by them without reading the payload, which is the same as ever.
"""

from __future__ import annotations

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgepose.alerts.message import Alert

Attributes = tuple[tuple[str, str], ...]


def attributes(alert: Alert, base: str) -> Attributes:
    """specversion, id, source, type and time of one alert; base: the device's topics, such as edgepose/v1/hall.

    All alerts of one fall share their `id`; with the number it names one alert, however often that is sent.
    """
    return (
        ("specversion", "1.0"),
        ("id", f"{alert.id}/{alert.seq}"),
        ("source", f"/{base}/cam/{alert.cam}"),
        ("type", f"edgepose.{alert.event_type}"),
        ("time", alert.captured),
    )


def size_of(found: Attributes) -> int:
    """Bytes that they take in a packet."""
    return len("application/json") + 3 + sum(5 + len(name.encode()) + len(value.encode()) for name, value in found)


def properties(found: Attributes) -> Properties:
    """The same as a packet carries them; the payload is said to be JSON."""
    packed = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    packed.ContentType = "application/json"
    packed.UserProperty = list(found)
    return packed
