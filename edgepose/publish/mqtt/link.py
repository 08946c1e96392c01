"""The link to the broker: what must arrive, in order, and what may be dropped, over one MQTT connection at a time.

Three kinds of message, three promises. States (retained, QoS 1): the newest value of a topic arrives, also after the
broker was away; at most one per topic is under way, so that an older one can never arrive last. Alerts (QoS 1): stay
in their store until a PUBACK says that somebody got them. Everything else (QoS 0): kept while the broker is slow, up to
a bound, the oldest dropped and counted.

One thread, the keeper, does all of it, and owns the socket: whoever publishes only appends to a list and wakes it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.alerts.store import StoredAlert
from edgepose.encoding import encode
from edgepose.publish.mqtt import reasons
from edgepose.publish.mqtt.alert_lane import AlertLane
from edgepose.publish.mqtt.health import Health
from edgepose.publish.mqtt.outbox import Outbox
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.state_lane import StateLane
from edgepose.publish.mqtt.suspects import Suspects
from edgepose.publish.mqtt.telling import Telling
from edgepose.publish.mqtt.topics import Topics
from edgepose.workers import Worker

log = logging.getLogger(__name__)

_TICK_S = 0.25

_MAX_IN_FLIGHT = 20
"""Alerts and states under way at once; a broker may want fewer (Receive Maximum)."""


Inbound = Callable[[str, bytes, bool], None]
"""Takes what came from the broker: topic, payload, whether it was retained. Called in the keeper's thread."""


class Link:
    """Carries messages over `session`. `state`, `send` and `wake` may be called from any thread.

    progress: loops of the keeper.
    """

    def __init__(
        self,
        session: Session,
        topics: Topics,
        desk: AlertDesk,
        health: Health,
        max_waiting: int,
        inbound: Inbound,
        *,
        tells_health: bool = True,
    ) -> None:
        self.progress = 0
        self._session = session
        self._topics = topics
        self._health = health
        self._tells_health = tells_health
        self._outbox = Outbox(max_waiting, session.wake)
        self._telling = Telling(health, lambda: session.broker, self._tell_health)
        self._alerts = AlertLane(desk, session, topics, self._telling)
        self._states = StateLane(self._outbox, session, f"{topics.base}/", self._telling)
        self._under_way: dict[int, str | Alert] = {}  # by mid: the topic of a state, or an alert
        self._is_urged = False
        self._states_turn = self._sending = False
        self._suspects = Suspects()
        self._n_connects = self._n_losses = 0
        self._inbound = inbound
        self._keeper = Worker("mqtt", self._keep)

    @property
    def desk(self) -> AlertDesk:
        """The owner of the alerts; another one may be given before the start."""
        return self._alerts.desk

    @desk.setter
    def desk(self, desk: AlertDesk) -> None:
        self._alerts.desk = desk

    @property
    def n_too_large(self) -> int:
        """Messages left out because the broker takes none of their size."""
        return self._telling.n_too_large

    @property
    def dropped(self) -> int:
        """QoS 0 messages let go because the broker was away or slow."""
        return self._outbox.dropped

    @property
    def alive(self) -> bool:
        """Whether the keeper runs, or ought to: one that ended by an error does."""
        return self._keeper.alive or self._keeper.error is not None

    def start(self) -> None:
        """Begin to connect; returns at once, whether the broker is there or not."""
        self._session.start()
        self._keeper.start()

    def state(self, topic: str, message: object) -> None:
        """Set the retained value of a topic; nothing is sent when it is the same as before."""
        self._outbox.state(topic, message.encode() if isinstance(message, str) else encode(message))

    def say_again(self, topic: str) -> None:
        """Send the retained value of a topic once more: the broker has another one."""
        self._outbox.again([topic])

    def forget(self, topic: str) -> None:
        """Take a retained value off the broker that is nobody's any more."""
        self._outbox.state(topic, b"", again=True)

    def send(self, topic: str, payload: bytes, expiry_s: int) -> None:
        """Send soon with QoS 0; it is dropped where the broker takes nothing for `expiry_s` seconds."""
        self._outbox.send(topic, payload, expiry_s)

    @property
    def idle(self) -> bool:
        """Whether every QoS 0 message is with the operating system."""
        return not self._outbox.n_waiting and self._session.idle

    def wake(self) -> None:
        """Look at the alert store now."""
        self._session.wake()

    def try_again(self) -> None:
        """Offer alerts at once that nobody took, instead of after a while."""
        self._is_urged = True
        self._session.wake()

    def check(self) -> None:
        """Raise what ended the keeper, if something did."""
        if self._keeper.error is not None:
            raise self._keeper.error

    def close(self, last_topic: str, last_word: str, timeout_s: float) -> None:
        """Wait until everything was taken, then the last word too, `timeout_s` at most, and leave.

        Where the last word was not taken, or is empty, the last will speaks: no goodbye is said.
        """
        deadline = time.monotonic() + timeout_s
        self._drain(deadline)
        if last_word:
            self.state(last_topic, last_word)
            self._drain(deadline)
        self._keeper.stop()
        self._session.wake()
        ended = self._keeper.join(1.0)
        pending = self._outbox.is_unsent(last_topic) or last_topic in self._under_way.values()
        if ended:
            self._session.close(goodbye=bool(last_word) and self._keeper.error is None and not pending)
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
        """Whether something may still go out. Looks in the order in which a message moves on, so that none slips by."""
        return bool(
            self._alerts.has_new
            or self._outbox.has_unsent(self._suspects.aside())
            or self._sending
            or self._under_way
            or not self.idle
        )

    def _keep(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.progress += 1
            self._settle()
            for topic, payload, retained in self._session.messages():
                self._inbound(topic, payload, retained)
            self._session.tend()
            if self._session.n_losses != self._n_losses:
                self._take_back()
            if self._session.connected:
                if self._session.n_connects != self._n_connects:
                    self._announce_again()
                self._sending = True
                self._send_must()
                self._send_waiting()
                self._sending = False
            self._session.wait(_TICK_S)

    def _take_back(self) -> None:
        """The connection ended: what was under way goes out over the next one."""
        self._n_losses = self._session.n_losses
        items = list(self._under_way.values())
        self._under_way.clear()
        self._outbox.again([item for item in items if isinstance(item, str)])
        ending = self._session.ending
        if ending is not None and ending.kind == "lost" and (not ending.code or ending.code in reasons.OURS):
            culprit = self._suspects.ended([_key(item) for item in items])
            if culprit is not None:
                name = f"alert {culprit}" if isinstance(culprit, int) else culprit
                why = reasons.sentence(ending.code) if ending.code else "it closes the connection"
                hint = f"the broker does not take {name}: {why}; it is set aside for a while"
                self._telling.settle_or_log("message_set_aside", hint)
        if self._session.taken_over:
            self._telling.settle("client_id_taken", reasons.sentence(reasons.TAKEN_OVER))

    def _announce_again(self) -> None:
        """After each connect: the broker may have forgotten, and somebody may listen now."""
        self._n_connects = self._session.n_connects
        self._states.connected()
        self._suspects.connected()
        self._alerts.start_over()
        self._telling.connected(self._session.limits, self._session.protocol)

    def _send_must(self) -> None:
        """Alerts and states in turn, alerts first, as many as may be under way."""
        self._states.repeat()
        if self._is_urged:
            self._is_urged = False
            self._alerts.start_over()
        most = 1 if self._suspects.careful else min(_MAX_IN_FLIGHT, self._session.limits.receive_max)
        travelling: set[Hashable] = {one.seq for one in self._under_way.values() if isinstance(one, Alert)}
        alerts = self._alerts.ready(most - len(self._under_way), travelling, self._suspects.aside())
        while len(self._under_way) < most and self._session.connected:
            sends: list[Callable[[], bool]] = [lambda: self._send_alert(alerts), self._send_state]
            if not any(send() for send in (reversed(sends) if self._states_turn else sends)):
                return
            self._states_turn = not self._states_turn

    def _send_alert(self, ready: deque[StoredAlert]) -> bool:
        """Send the first of these; whether there was one."""
        if not ready:
            return False
        stored = ready.popleft()
        mid = self._alerts.send(stored)
        if mid is not None:
            self._under_way[mid] = stored.alert
        return True

    def _send_state(self) -> bool:
        """Send one state; whether there was one."""
        travelling: set[Hashable] = {one for one in self._under_way.values() if isinstance(one, str)}
        found = self._states.take(travelling | self._suspects.aside())
        if found is None:
            return False
        mid = self._states.send(*found)
        if mid is not None:
            self._under_way[mid] = found[0]
        return True

    def _send_waiting(self) -> None:
        """Write QoS 0 messages as long as the socket takes them."""
        session = self._session
        while session.connected and session.idle:
            if self._suspects.wary and (self._under_way or self._outbox.has_unsent(self._suspects.aside())):
                return
            message = self._outbox.next_message()
            if message is None:
                return
            topic, payload, expiry_s = message
            if not session.fits(topic, payload):
                self._telling.left_out(topic, len(payload), "it is left out")
            elif self._suspects.plain(topic, len(payload)):
                session.publish(topic, payload, expiry_s=expiry_s)
            else:
                self._telling.n_too_large += 1

    def _settle(self) -> None:
        """Read what the broker answered. A PUBACK alone proves nothing: its reason code does."""
        for mid, reason in self._session.answers():
            item = self._under_way.pop(mid, None)
            if item is None:
                continue
            self._suspects.answered(_key(item))
            if isinstance(item, Alert):
                self._alerts.answered(item, reason)
            else:
                self._states.answered(item, reason)
        if self._suspects.none:
            self._telling.settle("message_set_aside", None)

    def _tell_health(self) -> None:
        if self._tells_health:
            self.state(self._topics.of("health"), self._health.message())


def _key(item: str | Alert) -> Hashable:
    return item.seq if isinstance(item, Alert) else item
