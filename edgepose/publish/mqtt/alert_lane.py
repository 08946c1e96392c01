"""Alerts on their way to the broker: which one is next, in what form it fits, and what an answer to it means."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any

import msgspec

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert, Delivery
from edgepose.alerts.store import StoredAlert
from edgepose.encoding import encode
from edgepose.publish.mqtt import reasons
from edgepose.publish.mqtt.cloudevents import attributes
from edgepose.publish.mqtt.pace import Pace
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.telling import Telling
from edgepose.publish.mqtt.topics import Topics

RETRY_S = 30.0
"""Pause before an alert that was denied, or that nobody heard, is sent again."""

ROUND = 20
"""Alerts that nobody took before the others wait for the pause, too."""


class AlertLane:
    """Used by the link's thread. Alerts stay in the desk's store until a PUBACK says that somebody got them.

    desk: the owner of the alerts; may be given before anything is sent.
    """

    def __init__(self, desk: AlertDesk, session: Session, topics: Topics, telling: Telling) -> None:
        self.desk = desk
        self._session = session
        self._topics = topics
        self._telling = telling
        self._pace = Pace()
        self._attempts: dict[int, int] = {}  # by seq
        self._refused: dict[int, None] = {}  # by seq: tried in this round, and nobody took them
        self._round_due_s = 0.0

    @property
    def has_new(self) -> bool:
        """Whether an alert waits that was never sent."""
        return bool(self.desk.store.depth() and self.desk.store.batch(1, self._attempts))

    def start_over(self) -> None:
        """Offer at once what nobody took: another broker, another subscriber, or a person who asks for it."""
        self._refused.clear()
        self._round_due_s = 0.0

    def ready(self, n_free: int, travelling: set[Hashable], aside: Iterable[Any]) -> deque[StoredAlert]:
        """The alerts to send now, `n_free` at most, none whose seq is under way or aside."""
        n_waiting = self.desk.store.depth() - len(travelling)
        if n_free <= 0 or n_waiting <= 0 or time.monotonic() < self._round_due_s:
            return deque()
        skip: set[Any] = self._refused.keys() | travelling | set(aside)
        ready = self.desk.store.batch(n_free, skip)
        if not ready and self._refused and not travelling:
            self._refused.clear()  # all have been tried: another round
            self._round_due_s = time.monotonic() + RETRY_S
        return deque(self._pace.allowed(ready))

    def send(self, stored: StoredAlert) -> int | None:
        """Publish it; the message's id, None where no form of it fits the broker."""
        self._pace.went()
        alert = stored.alert
        attempt = self._attempts[alert.seq] = self._attempts.get(alert.seq, 0) + 1
        queued_ms = round((time.monotonic() - stored.since_s) * 1000) if stored.since_s >= 0 else 0
        message = msgspec.structs.replace(alert, delivery=Delivery(attempt, queued_ms, attempt > 1))
        topic = f"{self._topics.base}/cam/{alert.cam}/alert"
        payload = encode(message)
        if not self._session.fits(topic, payload):
            self._telling.left_out(topic, len(payload), "alerts go without what does not fit")
            payload = self._shortened(topic, message)
        if not payload:
            self._refused[alert.seq] = None
            return None
        return self._session.publish(topic, payload, qos=1, event=attributes(alert, self._topics.base))

    def answered(self, alert: Alert, reason: int) -> None:
        """What became of it: only a success that is not `no matching subscribers` hands it over."""
        if reason >= reasons.FAILURE:
            why = f"the broker refused an alert: {reasons.sentence(reason)}; this device has to write cam/+/alert"
            self._telling.settle("alert_denied", why)
        elif reason == reasons.NO_SUBSCRIBERS:
            self._telling.settle("alert_unheard", "nobody subscribes to the alerts; is the home automation running?")
        else:
            self._handed_over(alert)
            return
        self._refused[alert.seq] = None
        if len(self._refused) % ROUND == 0:
            self._round_due_s = time.monotonic() + RETRY_S

    def _handed_over(self, alert: Alert) -> None:
        self.desk.handed_over(alert)
        self._attempts.pop(alert.seq, None)
        self._refused.pop(alert.seq, None)
        if not self._refused:
            self._telling.settle("alert_denied", None)
            self._telling.settle("alert_unheard", None)
        self.start_over()  # what is taken now may be taken of the others too

    def _shortened(self, topic: str, alert: Alert) -> bytes:
        """The alert without its pose, or also without evidence and model; empty where not even that fits."""
        without_pose = msgspec.structs.replace(alert, pose=None)
        bare = msgspec.structs.replace(without_pose, model=None, evidence={"shortened": True})
        for form in (without_pose, bare):
            payload = encode(form)
            if self._session.fits(topic, payload):
                return payload
        return b""
