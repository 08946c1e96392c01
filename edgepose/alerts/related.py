"""Two cameras that see one fall: which incidents are likely the same, so that a person is called once."""

from __future__ import annotations

import time
from collections.abc import Mapping

WITHIN_S = 5.0
"""Two impacts this close in one room, or in zones of one name, are likely one fall."""

_KEPT_S = 120.0
"""A camera that only finds somebody lying tells of the impact that much later."""


class Neighbours:
    """Remembers where and when falls began. rooms: the room that a camera looks into, by its name in topics."""

    def __init__(self, rooms: Mapping[str, str]) -> None:
        self.rooms = rooms
        self._falls: list[tuple[float, str, str | None, str]] = []  # impact, camera, zone, incident

    def of(self, camera: str, zone: str | None, impact_s: float, incident_id: str) -> list[str]:
        """Take in a fall that began at monotonic second `impact_s`; ids of those of other cameras that belong to it."""
        now, room = time.monotonic(), self.rooms.get(camera)
        self._falls = [one for one in self._falls if now - one[0] <= _KEPT_S]
        found = [
            other
            for other_s, other_camera, other_zone, other in self._falls
            if other_camera != camera
            and abs(other_s - impact_s) <= WITHIN_S
            and ((zone is not None and zone == other_zone) or (room and room == self.rooms.get(other_camera)))
        ]
        self._falls.append((impact_s, camera, zone, incident_id))
        return found
