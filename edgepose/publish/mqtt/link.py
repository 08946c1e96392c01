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
from typing import Any

import msgspec

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert, Delivery
from edgepose.alerts.store import StoredAlert
from edgepose.encoding import encode
from edgepose.publish.mqtt import reasons
from edgepose.publish.mqtt.cloudevents import attributes
from edgepose.publish.mqtt.connection import Limits
from edgepose.publish.mqtt.health import Health
from edgepose.publish.mqtt.outbox import Outbox
from edgepose.publish.mqtt.pace import Pace
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.suspects import Suspects
from edgepose.publish.mqtt.topics import Topics
from edgepose.workers import Worker

log = logging.getLogger(__name__)

_TICK_S = 0.25

_RETRY_S = 30.0
"""Pause before an alert that was denied, or that nobody heard, is sent again."""

_STATE_RETRY_S = 20.0
"""Pause before a state that was denied, or that the broker does not keep, is sent again."""

_MAX_IN_FLIGHT = 20
"""Alerts and states under way at once; a broker may want fewer (Receive Maximum)."""


Inbound = Callable[[str, bytes, bool], None]
"""Takes what came from the broker: topic, payload, whether it was retained. Called in the keeper's thread."""


class Link:
    """Carries messages over `session`. `state`, `send` and `wake` may be called from any thread.

    n_too_large: messages left out because the broker takes none of their size. progress: loops of the keeper.
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
        self.n_too_large = 0
        self.progress = 0
        self._session = session
        self._topics = topics
        self.desk = desk
        self._health = health
        self._tells_health = tells_health
        self._outbox = Outbox(max_waiting, session.wake)
        self._under_way: dict[int, str | Alert] = {}  # by mid: the topic of a state, or an alert
        self._attempts: dict[int, int] = {}  # by seq
        self._refused: dict[int, None] = {}  # by seq: tried in this round, and nobody took them
        self._round_due_s = 0.0
        self._is_urged = False
        self._denied: dict[str, None] = {}  # topics of states that the broker refused
        self._states_due_s = 0.0  # when states that were refused, or are not kept, are sent again
        self._too_large: set[str] = set()  # topics of which something was too large for this broker
        self._states_turn = self._sending = False
        self._suspects = Suspects()
        self._pace = Pace()
        self._n_connects = self._n_losses = 0
        self._limits = Limits()
        self._inbound = inbound
        self._keeper = Worker("mqtt", self._keep)

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
            (self.desk.store.depth() and self.desk.store.batch(1, self._attempts))
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
                if not self._settle_health("message_set_aside", hint):
                    log.warning("%s: %s", self._session.broker, hint)
        if self._session.taken_over:
            self._settle_health("client_id_taken", reasons.sentence(reasons.TAKEN_OVER))

    def _announce_again(self) -> None:
        """After each connect: the broker may have forgotten, and somebody may listen now."""
        self._n_connects = self._session.n_connects
        self._outbox.again()
        self._suspects.connected()
        self._refused.clear()
        self._round_due_s = 0.0
        self._states_due_s = time.monotonic() + _STATE_RETRY_S
        limits = self._session.limits
        if limits != self._limits:
            self._limits = limits
            self._too_large.clear()
            self._settle_health("message_too_large", None)
        self._settle_health("mqtt_3_1_1", _ONLY_3_1_1 if self._session.protocol == "3.1.1" else None)
        self._settle_health("retain_unavailable", None if limits.retain else _NO_RETAIN)
        self._settle_health("qos_unavailable", None if limits.max_qos else _NO_QOS)

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
                self._leave_out(topic, payload, "it is left out")
            elif self._suspects.plain(topic, len(payload)):
                session.publish(topic, payload, expiry_s=expiry_s)
            else:
                self.n_too_large += 1

    def _send_must(self) -> None:
        """Alerts and states in turn, alerts first, as many as may be under way."""
        if time.monotonic() >= self._states_due_s:
            self._states_due_s = time.monotonic() + _STATE_RETRY_S
            self._outbox.again(list(self._denied) if self._session.limits.retain else None)
        most = 1 if self._suspects.careful else min(_MAX_IN_FLIGHT, self._session.limits.receive_max)
        alerts = self._next_alerts(most - len(self._under_way))
        while len(self._under_way) < most and self._session.connected:
            sends: list[Callable[[], bool]] = [lambda: self._send_alert(alerts), self._send_state]
            if not any(send() for send in (reversed(sends) if self._states_turn else sends)):
                return
            self._states_turn = not self._states_turn

    def _send_state(self) -> bool:
        """Send one state; whether there was one."""
        travelling: set[Hashable] = {one for one in self._under_way.values() if isinstance(one, str)}
        found = self._outbox.next_state(travelling | self._suspects.aside())
        if found is not None:
            topic, payload = found
            if self._session.fits(topic, payload):
                self._under_way[self._session.publish(topic, payload, qos=1, retain=True)] = topic
            else:
                self._leave_out(topic, payload, "it is left out")
        return found is not None

    def _next_alerts(self, n_free: int) -> deque[StoredAlert]:
        if self._is_urged:
            self._is_urged = False
            self._refused.clear()
            self._round_due_s = 0.0
        travelling: set[Hashable] = {one.seq for one in self._under_way.values() if isinstance(one, Alert)}
        if n_free <= 0 or self.desk.store.depth() <= len(travelling) or time.monotonic() < self._round_due_s:
            return deque()
        skip: set[Any] = self._refused.keys() | travelling | self._suspects.aside()
        ready = self.desk.store.batch(n_free, skip)
        if not ready and self._refused and not travelling:
            self._refused.clear()  # all have been tried: another round
            self._round_due_s = time.monotonic() + _RETRY_S
        return deque(self._pace.allowed(ready))

    def _send_alert(self, ready: deque[StoredAlert]) -> bool:
        """Send the first of these; whether there was one."""
        if not ready:
            return False
        stored = ready.popleft()
        self._pace.went()
        alert = stored.alert
        attempt = self._attempts[alert.seq] = self._attempts.get(alert.seq, 0) + 1
        queued_ms = round((time.monotonic() - stored.since_s) * 1000) if stored.since_s >= 0 else 0
        message = msgspec.structs.replace(alert, delivery=Delivery(attempt, queued_ms, attempt > 1))
        topic = f"{self._topics.base}/cam/{alert.cam}/alert"
        payload = encode(message)
        if not self._session.fits(topic, payload):
            self._leave_out(topic, payload, "alerts go without what does not fit")
            payload = self._shortened(topic, message)
        if payload:
            event = attributes(alert, self._topics.base)
            self._under_way[self._session.publish(topic, payload, qos=1, event=event)] = alert
        else:
            self._refused[alert.seq] = None
        return True

    def _shortened(self, topic: str, alert: Alert) -> bytes:
        """The alert without its pose, or also without evidence and model; empty where not even that fits."""
        without_pose = msgspec.structs.replace(alert, pose=None)
        bare = msgspec.structs.replace(without_pose, model=None, evidence={"shortened": True})
        for form in (without_pose, bare):
            payload = encode(form)
            if self._session.fits(topic, payload):
                return payload
        return b""

    def _leave_out(self, topic: str, payload: bytes, what: str) -> None:
        """Count a message that is larger than the broker takes, and say so once for each topic."""
        self.n_too_large += 1
        if topic not in self._too_large:
            self._too_large.add(topic)
            most = self._session.limits.max_packet
            hint = f"a message on {topic} has {len(payload)} bytes, the broker takes packets of {most}: {what}; "
            hint += "raise its limit (mosquitto: max_packet_size)"
            if not self._settle_health("message_too_large", hint):
                log.warning("%s: %s", self._session.broker, hint)

    def _settle(self) -> None:
        """Read what the broker answered. A PUBACK alone proves nothing: its reason code does."""
        for mid, reason in self._session.answers():
            item = self._under_way.pop(mid, None)
            if item is None:
                continue
            self._suspects.answered(_key(item))
            if isinstance(item, Alert):
                self._settle_alert(item, reason)
            else:
                self._settle_state(item, reason)
        if self._suspects.none:
            self._settle_health("message_set_aside", None)

    def _settle_state(self, topic: str, reason: int) -> None:
        own = f"{self._topics.base}/"
        if reason >= reasons.FAILURE:
            why = f"the broker refused {topic}: {reasons.sentence(reason)}"
            if topic.startswith(own):
                self._settle_health("state_denied", why)
            elif topic not in self._denied:  # there may be no Home Assistant at all: that is no ill health
                log.info('%s; mqtt.discovery = "" ends these announcements', why)
            self._denied[topic] = None
        elif topic in self._denied:
            del self._denied[topic]
            if not any(one.startswith(own) for one in self._denied):
                self._settle_health("state_denied", None)

    def _settle_alert(self, alert: Alert, reason: int) -> None:
        if reason >= reasons.FAILURE:
            why = f"the broker refused an alert: {reasons.sentence(reason)}; this device has to write cam/+/alert"
            self._settle_health("alert_denied", why)
        elif reason == reasons.NO_SUBSCRIBERS:
            self._settle_health("alert_unheard", "nobody subscribes to the alerts; is the home automation running?")
        else:
            self.desk.handed_over(alert)
            self._attempts.pop(alert.seq, None)
            self._refused.pop(alert.seq, None)
            if not self._refused:
                self._settle_health("alert_denied", None)
                self._settle_health("alert_unheard", None)
            self._refused.clear()  # what is taken now may be taken of the others too
            self._round_due_s = 0.0
            return
        self._refused[alert.seq] = None
        if len(self._refused) % _MAX_IN_FLIGHT == 0:
            self._round_due_s = time.monotonic() + _RETRY_S

    def _settle_health(self, code: str, hint: str | None) -> bool:
        """Say that something is wrong, or with None that it is well again; whether that is new."""
        changed = self._health.clear(code) if hint is None else self._health.raise_reason(code, hint)
        if changed:
            if hint is not None:
                log.warning("%s: %s", self._session.broker, hint)
            if self._tells_health:
                self.state(self._topics.of("health"), self._health.message())
        return changed


_ONLY_3_1_1 = "the broker speaks MQTT 3.1.1, where a denied alert looks delivered; use one with MQTT 5"
_NO_RETAIN = (
    "the broker keeps no retained messages: who subscribes later learns a state when it is said again, every "
    f"{_STATE_RETRY_S:.0f} s; allow them (mosquitto: retain_available)"
)
_NO_QOS = (
    "the broker takes QoS 0 only, where an alert counts as handed over once it is written; allow QoS 1 "
    "(mosquitto: max_qos)"
)


def _key(item: str | Alert) -> Hashable:
    return item.seq if isinstance(item, Alert) else item
