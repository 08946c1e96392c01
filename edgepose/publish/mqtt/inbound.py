"""What comes in: answers to alerts, what the broker says of us, and what was left behind by cameras that are gone.

Where Home Assistant is announced to, also that it has started, and what was announced of cameras that are gone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Set

from edgepose.alerts.acknowledgement import allowed, read_acknowledgement
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.publish.mqtt.pausing import PauseSwitch
from edgepose.publish.mqtt.presence import HOME_ASSISTANT, Presence
from edgepose.publish.mqtt.topics import Topics

log = logging.getLogger(__name__)

_STATES = ("status", "occupancy", "fall", "pause")
"""The retained topics of a camera."""

_PAUSE = "pause/set"


class Inbox:
    """Decides what a message from the broker leads to. Used by one thread.

    desk: whose alerts are answered. cameras: the names, as topics spell them, that this device watches; None while
    that is not known. say_again, forget: of the link. announce: tells of an alert that an answer led to. switch: takes
    requests to pause a camera. presence: notes who is there to hear alerts. announced:
    where cameras are announced to Home Assistant (a topic filter), None where they are not; home_status: where Home
    Assistant says that it is there, and at_home what is done then.
    """

    def __init__(
        self,
        topics: Topics,
        desk: AlertDesk,
        say_again: Callable[[str], None],
        forget: Callable[[str], None],
        announce: Callable[[Alert], None],
        switch: PauseSwitch,
        presence: Presence,
    ) -> None:
        self.desk = desk
        self.cameras: Set[str] | None = None
        self.is_running = True
        self.announced: str | None = None
        self.home_status: str | None = None
        self.at_home: Callable[[], None] = lambda: None
        self._topics = topics
        self._say_again = say_again
        self._forget = forget
        self._announce = announce
        self._switch = switch
        self._presence = presence

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Topic filters of everything that is read here."""
        states = tuple(f"{self._topics.base}/cam/+/{state}" for state in _STATES)
        home = tuple(topic for topic in (self.home_status, self.announced) if topic is not None)
        pauses = f"{self._topics.base}/cam/+/{_PAUSE}"
        return (self._topics.of("ack"), self._topics.of("status"), self._topics.of("pager/+"), *states, pauses, *home)

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """Act on one message; what is not ours, or not understood, does nothing."""
        if topic == self._topics.of("ack"):
            if not retained:  # a retained answer would answer every fall to come
                self._acknowledge(payload)
        elif topic.endswith(f"/{_PAUSE}"):
            if not retained:  # a retained request would pause a camera at every start
                self._switch.take(topic.split("/")[-3], payload)
        elif topic == self._topics.of("status"):
            if self.is_running and payload != b"online":  # the last will of a dead session, or another of this name
                self._say_again(topic)
        elif topic.startswith(self._topics.of("pager/")):
            self._presence.hear(topic.rpartition("/")[2], payload, time.monotonic())
        elif topic == self.home_status:
            self._presence.hear(HOME_ASSISTANT, payload, time.monotonic())
            if self.is_running and payload == b"online":
                self.at_home()
        elif retained and payload and self.cameras is not None:
            camera = topic.split("/")[-2]
            if topic.endswith("/pause") and not self._switch.allowed:
                self._forget(topic)
            elif camera not in self.cameras:
                log.info("camera %s is not watched any more: its retained topics are cleared", camera)
                self._forget(topic)

    def _acknowledge(self, payload: bytes) -> None:
        answer = read_acknowledgement(payload)
        answers = self.desk.options.answers
        if answer is None:
            log.warning("a message on %s is no acknowledgement", self._topics.of("ack"))
        elif answer.action not in allowed(answers):
            log.warning("%s is not allowed over MQTT (alerts.answers is %s)", answer.action, answers)
        elif (alert := self.desk.acknowledge(answer)) is None:
            log.info("nothing is open of the alert that %s says is %s", answer.by, answer.action)
        else:
            self._announce(alert)
