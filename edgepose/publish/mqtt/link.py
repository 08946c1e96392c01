"""The link to the broker: what must arrive, in order, and what may be dropped, over one MQTT connection.

Three kinds of message, three promises. States (retained, QoS 1): the newest value of a topic arrives, also after the
broker was away; at most one per topic is under way, so that an older one can never arrive last. Alerts (QoS 1): stay
in their store until a PUBACK says that somebody got them. Everything else (QoS 0): kept while the broker is slow, up to
a bound, the oldest dropped and counted.

One thread, the keeper, hands everything to paho, whose own thread talks to the socket; whoever publishes only appends
to a list.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert, Delivery
from edgepose.encoding import encode
from edgepose.publish.mqtt.health import Health
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.topics import Topics
from edgepose.workers import Worker

log = logging.getLogger(__name__)

_TICK_S = 0.25
_BACKLOG_TICK_S = 0.02

_BURST = 16
"""QoS 0 messages given to paho before its socket must have written them."""

_RETRY_S = 30.0
"""Pause before an alert that was denied, or that nobody heard, is sent again."""

_MAX_IN_FLIGHT = 20
"""Alerts under way at once."""

NO_SUBSCRIBERS = 16
"""MQTT v5 PUBACK reason: taken, but nobody subscribes. Not a failure code, and yet nobody got it."""

FAILURE = 128
"""MQTT v5 reason codes from here on mean that the message was not taken."""


Inbound = Callable[[str, bytes, bool], None]
"""Takes what came from the broker: topic, payload, whether it was retained. Called in the keeper's thread."""


class Link:
    """Carries messages over `session`. `state`, `send` and `wake` may be called from any thread."""

    def __init__(
        self, session: Session, topics: Topics, desk: AlertDesk, health: Health, max_waiting: int, inbound: Inbound
    ) -> None:
        self.dropped = 0
        self._session = session
        self._topics = topics
        self.desk = desk
        self._health = health
        self._lock = threading.Lock()
        self._states: dict[str, bytes] = {}
        self._unsent: dict[str, None] = {}  # topics of states to send, in order
        self._under_way: dict[int, str | Alert] = {}  # by mid: the topic of a state, or an alert
        self._attempts: dict[int, int] = {}  # by seq
        self._refused: dict[int, None] = {}  # by seq: tried in this round, and nobody took them
        self._round_due_s = 0.0
        self._is_urged = False
        self._waiting: deque[tuple[str, bytes, int, float]] = deque()  # topic, payload, expiry_s, deadline
        self._max_waiting = max_waiting
        self._n_unwritten = 0  # QoS 0 messages given to paho since its socket was last seen idle
        self._announced = 0
        self._wake = threading.Event()
        session.on_activity = self._wake.set
        self._inbound = inbound
        self._keeper = Worker("mqtt", self._keep)

    def start(self) -> None:
        """Begin to connect; returns at once, whether the broker is there or not."""
        self._session.start()
        self._keeper.start()

    def state(self, topic: str, message: object) -> None:
        """Set the retained value of a topic; nothing is sent when it is the same as before."""
        payload = message.encode() if isinstance(message, str) else encode(message)
        with self._lock:
            if self._states.get(topic) == payload:
                return
            self._states[topic] = payload
            self._unsent[topic] = None
        self._wake.set()

    def say_again(self, topic: str) -> None:
        """Send the retained value of a topic once more: the broker has another one."""
        with self._lock:
            if topic in self._states:
                self._unsent[topic] = None
        self._wake.set()

    def forget(self, topic: str) -> None:
        """Take a retained value off the broker that is nobody's any more."""
        with self._lock:
            self._states[topic] = b""
            self._unsent[topic] = None
        self._wake.set()

    def send(self, topic: str, payload: bytes, expiry_s: int) -> None:
        """Send soon with QoS 0; it is dropped where the broker takes nothing for `expiry_s` seconds."""
        with self._lock:
            if len(self._waiting) == self._max_waiting:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((topic, payload, expiry_s, time.monotonic() + expiry_s))
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Whether every QoS 0 message is with the operating system."""
        return not self._waiting and self._session.idle

    def wake(self) -> None:
        """Look at the alert store now."""
        self._wake.set()

    def try_again(self) -> None:
        """Offer alerts at once that nobody took, instead of after a while."""
        self._is_urged = True
        self._wake.set()

    def check(self) -> None:
        """Raise what ended the keeper, if something did."""
        if self._keeper.error is not None:
            raise self._keeper.error

    def close(self, last_topic: str, last_word: str, timeout_s: float) -> None:
        """Wait until everything was taken, then the last word too, `timeout_s` at most, and leave."""
        deadline = time.monotonic() + timeout_s
        self._drain(deadline)
        self.state(last_topic, last_word)
        self._drain(deadline)
        self._keeper.stop()
        self._wake.set()
        self._keeper.join(1.0)
        self._session.close()
        n_alerts = self.desk.store.depth()
        if n_alerts:
            log.warning("alerts not handed over to a subscriber on %s: %d", self._session.broker, n_alerts)

    def _drain(self, deadline: float) -> None:
        """Wait while something can still be sent; a run may end before the broker has answered for the first time."""
        session = self._session
        while time.monotonic() < deadline and self._keeper.alive:
            if not (self._busy() if session.connected else session.n_connects == 0 and session.problem is None):
                return
            time.sleep(0.005)

    def _busy(self) -> bool:
        fresh = self.desk.store.depth() and self.desk.store.batch(1, self._attempts)
        return bool(fresh or self._unsent or self._under_way or not self.idle)

    def _keep(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._settle()
            self._session.expecting = bool(self._under_way)
            self._session.tend()
            for topic, payload, retained in self._session.messages():
                self._inbound(topic, payload, retained)
            if self._session.connected:
                if self._session.n_connects != self._announced:
                    self._announce_again()
                self._send_waiting()
                self._send_states()
                self._send_alerts()
            self._wake.wait(_BACKLOG_TICK_S if self._waiting and self._session.connected else _TICK_S)
            self._wake.clear()

    def _announce_again(self) -> None:
        """After each connect: the broker may have forgotten, and somebody may listen now."""
        self._announced = self._session.n_connects
        with self._lock:
            self._unsent = dict.fromkeys(self._states)
        self._refused.clear()
        self._round_due_s = 0.0
        if self._session.protocol == "3.1.1":
            hint = "the broker speaks MQTT 3.1.1, where a denied alert looks delivered; use one with MQTT 5"
            self._complain("mqtt_3_1_1", hint)

    def _send_waiting(self) -> None:
        """Hand QoS 0 messages to paho, whose own queue has no bound: after a burst the socket must have written it."""
        if self._session.idle:
            self._n_unwritten = 0
        while self._waiting and self._n_unwritten < _BURST:
            with self._lock:
                topic, payload, expiry_s, deadline = self._waiting.popleft()
            if time.monotonic() > deadline:
                self.dropped += 1
            else:
                self._session.publish(topic, payload, expiry_s=expiry_s)
                self._n_unwritten += 1

    def _send_states(self) -> None:
        travelling = {one for one in self._under_way.values() if isinstance(one, str)}
        with self._lock:
            ready = [(topic, self._states[topic]) for topic in self._unsent if topic not in travelling]
            for topic, _ in ready:
                del self._unsent[topic]
        for topic, payload in ready:
            self._under_way[self._session.publish(topic, payload, qos=1, retain=True)] = topic

    def _send_alerts(self) -> None:
        if self._is_urged:
            self._is_urged = False
            self._refused.clear()
            self._round_due_s = 0.0
        travelling = {one.seq for one in self._under_way.values() if isinstance(one, Alert)}
        n_free = _MAX_IN_FLIGHT - len(travelling)
        if n_free <= 0 or self.desk.store.depth() <= len(travelling) or time.monotonic() < self._round_due_s:
            return
        ready = self.desk.store.batch(n_free, self._refused.keys() | travelling)
        if not ready and self._refused and not travelling:
            self._refused.clear()  # all have been tried: another round
            self._round_due_s = time.monotonic() + _RETRY_S
        for stored in ready:
            alert = stored.alert
            attempt = self._attempts[alert.seq] = self._attempts.get(alert.seq, 0) + 1
            queued_ms = round((time.monotonic() - stored.since_s) * 1000) if stored.since_s >= 0 else 0
            message = msgspec.structs.replace(alert, delivery=Delivery(attempt, queued_ms, attempt > 1))
            topic = f"{self._topics.base}/cam/{alert.cam}/alert"
            self._under_way[self._session.publish(topic, encode(message), qos=1)] = alert

    def _settle(self) -> None:
        """Read what the broker answered. A PUBACK alone proves nothing: its reason code does."""
        for mid, reason in self._session.answers():
            item = self._under_way.pop(mid, None)
            if isinstance(item, Alert):
                self._settle_alert(item, reason)
            elif item is not None and reason >= FAILURE:
                self._complain("state_denied", f"the broker refused {item} (reason {reason}); allow it in its rules")

    def _settle_alert(self, alert: Alert, reason: int) -> None:
        if reason >= FAILURE:
            self._complain(
                "alert_denied", f"the broker refused an alert (reason {reason}); allow this device to write cam/+/alert"
            )
        elif reason == NO_SUBSCRIBERS:
            self._complain("alert_unheard", "nobody subscribes to the alerts; is the home automation running?")
        else:
            self.desk.handed_over(alert)
            self._attempts.pop(alert.seq, None)
            self._refused.pop(alert.seq, None)
            if not self._refused and self._health.clear("alert_denied") | self._health.clear("alert_unheard"):
                self.state(self._topics.of("health"), self._health.message())
            self._refused.clear()  # what is taken now may be taken of the others too
            self._round_due_s = 0.0
            return
        self._refused[alert.seq] = None
        if len(self._refused) % _MAX_IN_FLIGHT == 0:
            self._round_due_s = time.monotonic() + _RETRY_S

    def _complain(self, code: str, hint: str) -> None:
        if self._health.raise_reason(code, hint):
            log.warning("%s: %s", self._session.broker, hint)
            self.state(self._topics.of("health"), self._health.message())
