"""Which devices say `online` and nothing else any more.

When a device and its broker die together no last will is sent, and the broker keeps `online`: only the heartbeat
(`stats` and `health`, every 30 s) proves that somebody watches.
"""

from __future__ import annotations

SILENT_S = 90.0
"""Three heartbeats."""


class Silence:
    """Notes what is heard of each device. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._heard_s: dict[str, float] = {}
        self._online: set[str] = set()
        self._silent: set[str] = set()

    def hear(self, device: str, kind: str, payload: object, retained: bool, now: float) -> None:
        """Note one message. kind: last word of its topic; for `status` of the device the payload is its word."""
        if kind == "status":
            if payload == "online":
                self._online.add(device)
            else:  # it took its leave, or its broker says that it is gone
                self._online.discard(device)
                self._silent.discard(device)
        if retained:  # kept by the broker: it proves nothing about now
            self._heard_s.setdefault(device, now)
        else:
            self._heard_s[device] = now
            self._silent.discard(device)

    def fallen(self, now: float) -> list[str]:
        """Devices that have become silent since the last call, though the broker still has them `online`."""
        new = [device for device in sorted(self._online - self._silent) if now - self._heard_s[device] >= SILENT_S]
        self._silent.update(new)
        return new
