"""Cameras that somebody asked not to be looked at for a while: each pause ends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from edgepose.names import slug

LONGEST_S = 86_400.0


class Pauses:
    """Which cameras are paused, and until when. Any thread may call any method; cameras go by their name in topics."""

    def __init__(self, cameras: Iterable[str]) -> None:
        """cameras: names of those that can be paused."""
        self._cameras = {slug(name) for name in cameras}
        self._until_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def pause(self, camera: str, seconds: float) -> bool:
        """Look away for so long from now on, a day at most; False where there is no such camera."""
        if camera not in self._cameras:
            return False
        with self._lock:
            self._until_s[camera] = time.monotonic() + max(0.0, min(seconds, LONGEST_S))
        return True

    def resume(self, camera: str) -> bool:
        """Look again; False where there is no such camera."""
        with self._lock:
            self._until_s.pop(camera, None)
        return camera in self._cameras

    def until(self, camera: str) -> float | None:
        """Monotonic second at which the pause of a camera ends; None where it has none, or it has ended."""
        until_s = self._until_s.get(camera)
        return until_s if until_s is not None and time.monotonic() < until_s else None
