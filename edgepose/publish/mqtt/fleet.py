"""Many devices at a glance: what each was last heard to be, from what a subscription brings."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgepose.publish.mqtt.topics import ROOT
from edgepose.publish.mqtt.watch import Message


@dataclass
class Device:
    """status: its own last word, or `silent`. level, reasons: of its health. falls: stages that are open, by camera."""

    name: str
    status: str = "unknown"
    level: str = "unknown"
    reasons: tuple[str, ...] = ()
    cameras: dict[str, str] = field(default_factory=dict)
    falls: dict[str, str] = field(default_factory=dict)
    fps: float | None = None

    def line(self) -> str:
        """One line for a person."""
        watched = sum(state == "online" for state in self.cameras.values())
        falls = "".join(f"; FALL {stage} at {camera}" for camera, stage in sorted(self.falls.items()))
        why = f" ({', '.join(self.reasons)})" if self.reasons else ""
        rate = "" if self.fps is None else f", {self.fps:g} fps"
        cameras = f"{watched} of {len(self.cameras)} cameras"
        return f"{self.name:<24} {self.status}, health {self.level}{why}, {cameras}{rate}{falls}"


class Fleet:
    """Takes in messages of any devices; used by one thread."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}

    def take(self, message: Message) -> Device | None:
        """The device a message concerns, where it changed what `Device.line` says but for its rate; else None."""
        parts = message.topic.removeprefix(f"{ROOT}/").split("/")
        if len(parts) < 2:
            return None
        device = self.devices.setdefault(parts[0], Device(parts[0]))
        before = device.status, device.level, device.reasons, dict(device.cameras), dict(device.falls)
        try:
            _note(device, parts[1:], message.payload)
        except (KeyError, TypeError, ValueError, AttributeError):  # not one of ours, on one of our topics
            return None
        after = device.status, device.level, device.reasons, device.cameras, device.falls
        return device if before != after else None


def _note(device: Device, parts: list[str], payload: object) -> None:
    kind = parts[-1]
    if parts[:1] == ["cam"] and len(parts) == 3:
        camera = parts[1]
        if kind == "status" and isinstance(payload, str):
            device.cameras[camera] = payload
        elif kind == "fall" and isinstance(payload, dict):
            device.falls.pop(camera, None)
            if payload["state"] == "ON":
                device.falls[camera] = str(payload["stage"])
    elif kind in ("status", "silent") and len(parts) == 1:
        device.status = "silent" if kind == "silent" else str(payload)
    elif kind == "health" and isinstance(payload, dict):
        device.level = str(payload["level"])
        device.reasons = tuple(sorted({str(reason["code"]) for reason in payload["reasons"]}))
        device.status = "online" if device.status == "silent" else device.status
    elif kind == "stats" and isinstance(payload, dict):
        device.fps = float(payload["fps"])
        device.status = "online" if device.status == "silent" else device.status
