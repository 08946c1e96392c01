"""Home Assistant on the other side: announces what it can make entities of, and again when it has started.

It listens with a clean session and its birth message is usually not kept, so what was sent while it was away is lost
to it where the broker keeps nothing.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence

from edgepose.alerts.acknowledgement import Action
from edgepose.publish.mqtt.discovery import Message, camera_topic, messages
from edgepose.publish.mqtt.topics import Topics

DELAY_S = (0.5, 8.0)
"""After its birth message, by chance: a hundred devices do not all answer at once, and it is still loading."""

STATES_S = 3.0
"""From the announcement to the states: the entities have to be there and to have subscribed."""


class Home:
    """Says the announcements again, then the states. `close` ends what was still to come.

    say_again: of the link. kept: the topics of all states. prefix: Home Assistant's discovery prefix; empty: off.
    """

    def __init__(
        self, topics: Topics, prefix: str, say_again: Callable[[str], None], kept: Callable[[], Iterable[str]]
    ) -> None:
        self._topics = topics
        self._prefix = prefix.strip("/")
        self._say_again = say_again
        self._kept = kept
        self._announced: tuple[str, ...] = ()
        self._timer: threading.Timer | None = None
        self._closed = False

    def announcements(
        self, cameras: Sequence[str], actions: Sequence[Action], pausing: bool = False
    ) -> dict[str, Message]:
        """Retained messages by topic; none where this is off or no camera is live."""
        found = messages(self._topics, self._prefix, cameras, actions, pausing) if self._prefix else {}
        self._announced = tuple(found)
        return found

    @property
    def subscriptions(self) -> tuple[str, str] | None:
        """Where it says that it is there, and where cameras are announced; None where nothing was announced."""
        if not self._announced:
            return None
        filter_ = camera_topic(self._topics, self._prefix, "CAMERA").replace("/CAMERA/", "/+/")
        return f"{self._prefix}/status", filter_

    def started(self) -> None:
        """It said that it is there; called in the link's thread, returns at once."""
        if self._timer is None or not self._timer.is_alive():
            self._later(random.uniform(*DELAY_S), self._announce)

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _announce(self) -> None:
        for topic in self._announced:
            self._say_again(topic)
        self._later(STATES_S, self._tell_states)

    def _tell_states(self) -> None:
        for topic in list(self._kept()):
            self._say_again(topic)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        if self._closed:
            return
        self._timer = threading.Timer(seconds, what)
        self._timer.daemon = True
        self._timer.start()
