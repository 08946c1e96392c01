"""What publishers hear of each camera: the state of its link, or that it is paused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgepose.names import slug
from edgepose.pipeline.queues import Queues
from edgepose.publish import Publisher
from edgepose.types import CameraState


class CameraStates:
    """Used by the group thread. paused: the cameras of which nothing is judged or published now.

    on_pause: called when a camera's pause begins, before anybody hears of it.
    """

    def __init__(self, publishers: Sequence[Publisher], queues: Queues, on_pause: Callable[[str], None]) -> None:
        self.paused: dict[str, float] = {}
        self._publishers = publishers
        self._queues = queues
        self._on_pause = on_pause
        self._links: dict[str, CameraState] = {}

    @property
    def now(self) -> dict[str, CameraState]:
        """What publishers last heard of each camera; any thread may ask."""
        return {source: "paused" if source in self.paused else state for source, state in self._links.copy().items()}

    def tell(self) -> None:
        """Say what has changed since the last call."""
        for source, state in self._queues.new_states():
            self._links[source] = state
            if source not in self.paused:
                self._say(source, state)
        for source, state in self._links.items():
            until_s = self._queues.pauses.until(slug(source))
            if until_s == self.paused.get(source):
                continue
            if until_s is None:
                del self.paused[source]
                self._say(source, state)
                continue
            begins = source not in self.paused
            self.paused[source] = until_s
            if begins:
                self._on_pause(source)
            self._say(source, "paused")

    def _say(self, source: str, state: CameraState) -> None:
        for publisher in self._publishers:
            publisher.camera_state(source, state)
