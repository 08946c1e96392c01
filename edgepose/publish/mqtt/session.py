"""The way to the broker over one connection after another: which broker, which version of MQTT, when, and what is said.

Used by one thread, which calls `tend` and `wait` in turn; `wake` may be called by any. A connection that ended takes
what was under way with it: `n_losses` tells the owner to send that again.
"""

from __future__ import annotations

import logging
import random
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgepose.publish.mqtt import cloudevents, reasons
from edgepose.publish.mqtt.brokers import brokers_of, tls_of
from edgepose.publish.mqtt.cloudevents import Attributes
from edgepose.publish.mqtt.connection import Connection, Ending, Limits, Will
from edgepose.publish.mqtt.endings import ANSWER_S, in_words
from edgepose.publish.mqtt.identity import other_client_id
from edgepose.publish.mqtt.target import Target
from edgepose.publish.mqtt.topics import Broker
from edgepose.publish.options import MqttOptions

log = logging.getLogger(__name__)

_PATIENT_ANSWER_S = 12.0
"""Longest wait for a PUBACK, and for names, TCP and TLS, where there is no other broker."""

_LONGEST_PAUSE_S = 30.0

_LASTING_S = 10.0
"""A connection that lasted so long was a good one: the next pause is a short one again."""

_TRYING_ON = "broker %s %s; trying on"

_MAX_MESSAGES = 256
"""Messages from outside that wait for their reader."""

_SHORT_LIVES = 2
"""Connections in a row that ended without a word right after they were made, before another client id is taken."""


class Session:
    """Closed once, at the end. problem: why there is no connection, in words, or None. broker: which one they are of.

    n_connects, n_losses: how often a connection was made and has ended. ending: of the last one. taken_over: whether
    somebody else has our client id, so that another is used. patient: set it to False where the owner
    gives up by itself when the first try fails, and then says why.
    """

    def __init__(self, options: MqttOptions, client_id: str, will: tuple[str, bytes] | None = None) -> None:
        brokers = brokers_of(options)
        self.broker = brokers[0]
        self.problem: str | None = None
        self.n_connects = self.n_losses = 0
        self.ending: Ending | None = None
        self.taken_over = False
        self.patient = True
        self._options = options
        self._client_id = self._own_id = client_id
        first = "3.1.1" if options.protocol == "3.1.1" else "5"
        last_word = None if will is None else Will(*will)
        self._targets = [Target(broker, first, last_word) for broker in brokers]
        self._at = 0
        self._tls = tls_of(options) if any(broker.tls for broker in brokers) else None
        self._connection: Connection | None = None
        self._welcomed: Connection | None = None
        self._started = False
        self._due_s = 0.0
        self._n_failed = self._n_short = 0
        self._said: set[tuple[Broker, str]] = set()
        self._subscriptions: tuple[str, ...] = ()
        self._open: dict[int, float] = {}  # mids of QoS 1 that are not answered yet, and when they were sent
        self._progress_s = 0.0  # when the broker last answered one, or took bytes that had waited
        self._doubles: Counter[int] = Counter()  # mids that paho gave to a QoS 0 message while they were open
        self._expiry: dict[int, Properties] = {}
        self._woken = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)

    @property
    def connected(self) -> bool:
        connection = self._connection
        return connection is not None and connection is self._welcomed and connection.connected

    @property
    def subscribed(self) -> bool:
        """Whether the broker has answered the subscriptions of this connection: what it keeps of them comes now."""
        return self.connected and self._connection is not None and self._connection.subscribed

    @property
    def idle(self) -> bool:
        """Nothing is left to be written to the socket."""
        connection = self._connection
        return connection is None or not connection.client.want_write()

    @property
    def protocol(self) -> str:
        """ "5" or "3.1.1", of this connection or of the next."""
        return self._connection.protocol if self._connection is not None else self._targets[self._at].protocol

    @property
    def limits(self) -> Limits:
        """What the broker takes."""
        return self._connection.limits if self._connection is not None else Limits()

    @property
    def tried_all(self) -> bool:
        """Whether every broker was asked since the last good connection, in each way that fits, and none is there."""
        return self._n_failed >= len(self._targets)

    def subscribe(self, *topics: str) -> None:
        """Ask for messages of these topics after each connect; call it before `start`."""
        self._subscriptions = topics

    def start(self) -> None:
        """From now on `tend` connects."""
        self._started = True

    def wake(self) -> None:
        """End the `wait` that is under way, or the next one."""
        if not self._woken:
            self._woken = True
            with suppress(OSError):  # closed, or enough was said
                self._wake_out.send(b"x")

    def wait(self, timeout_s: float) -> None:
        """Read and write, after waiting `timeout_s` at most for the broker, or for `wake`."""
        had_backlog = not self.idle
        if self._connection is not None:
            if self._connection.answers:  # of QoS 0 in the place of 1: answered when it was written
                timeout_s = 0.0
            self._connection.wait(self._wake_in.fileno(), timeout_s)
        else:
            self._wake_in.settimeout(max(timeout_s, 0.001))
        with suppress(OSError):
            self._wake_in.recv(4096)
        self._wake_in.setblocking(False)
        self._woken = False
        if had_backlog and self.idle:
            self._progress_s = time.monotonic()

    def tend(self) -> None:
        """Connect when it is time, give up what is silent, and draw the lesson of what ended."""
        connection, now_s = self._connection, time.monotonic()
        if connection is None:
            if self._started and now_s >= self._due_s:
                self._connect()
            return
        if connection.ending is None:
            connection.ending = self._given_up(connection, now_s)
        if connection.ending is not None:
            self._connection = None
            connection.close(goodbye=False)
            self._learn(connection, connection.ending)
        elif connection.connected and connection is not self._welcomed:
            self._welcome(connection)

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        retain: bool = False,
        expiry_s: int = 0,
        event: Attributes = (),
    ) -> int:
        """Hand one message over; returns its mid, which `answers` repeats once the broker has answered (QoS 1).

        What the broker does not take is left out: QoS 1 becomes 0, and is answered once it is written. event: a
        CloudEvent's attributes, left out before MQTT 5 and where they do not fit.
        """
        assert self._connection is not None, "only while connected"
        properties = self._expiring(expiry_s) if expiry_s and self.protocol == "5" else None
        if event and self.protocol == "5" and self.fits(topic, payload, extra=cloudevents.size_of(event)):
            properties = cloudevents.properties(event)
        limits = self._connection.limits
        client = self._connection.client
        mid = client.publish(topic, payload, min(qos, limits.max_qos), retain and limits.retain, properties).mid
        if qos:
            if not self._open:
                self._progress_s = time.monotonic()
            self._open[mid] = time.monotonic()
        elif mid in self._open:
            self._doubles[mid] += 1
        return mid

    def fits(self, topic: str, payload: bytes, extra: int = 0) -> bool:
        """Whether the broker takes a message of this size, with so many bytes of properties more."""
        most = self.limits.max_packet
        return not most or size_of(topic, payload) + extra <= most

    def answers(self) -> Iterator[tuple[int, int]]:
        """(mid, reason code) of every QoS 1 message that was answered since the last call.

        paho calls back for QoS 0 too, once written, and counts mids round after 65,535 messages; one that was given to
        both kinds at once is not taken for the answer. What was only written is no sign that the broker lives.
        """
        answers: deque[tuple[int, int]] = self._connection.answers if self._connection is not None else deque()
        while answers:
            mid, reason = answers.popleft()
            if self._doubles[mid] > 0:
                self._doubles[mid] -= 1
            elif mid in self._open:
                del self._open[mid]
                self._progress_s = time.monotonic()
                yield mid, reason

    def messages(self) -> Iterator[tuple[str, bytes, bool]]:
        """(topic, payload, retained) of what came in since the last call; a flood loses its oldest."""
        while self._connection is not None and self._connection.messages:
            yield self._connection.messages.popleft()

    def close(self, goodbye: bool = True) -> None:
        """Leave the broker, which then forgets our last will; without a goodbye it says it."""
        self._started = False
        if self._connection is not None:
            self._connection.close(goodbye)
            self._connection = None
        self._wake_in.close()
        self._wake_out.close()

    def _connect(self) -> None:
        target = self._targets[self._at]
        self._connection = Connection(
            target.broker,
            self._client_id,
            target.protocol,
            target.will,
            self._tls if target.broker.tls else None,
            self._subscriptions,
            self.wake,
            _MAX_MESSAGES,
        )

    def _given_up(self, connection: Connection, now_s: float) -> Ending | None:
        """The ending of a connection on which nothing comes."""
        several = len(self._targets) > 1
        if connection.connected:
            limit_s = ANSWER_S if several else _PATIENT_ANSWER_S
            return Ending("silent") if self._open and now_s - self._progress_s > limit_s else None
        limit_s = ANSWER_S if several or connection.opened else _PATIENT_ANSWER_S
        if now_s - connection.began_s <= limit_s:
            return None
        return Ending("silent") if connection.opened else Ending("unreachable", error=TimeoutError("no answer"))

    def _welcome(self, connection: Connection) -> None:
        target = self._targets[self._at]
        target.n_closed = 0
        target.spoke_5 |= connection.protocol == "5"
        if connection.protocol == "3.1.1" and self._options.protocol == "auto" and not target.is_old:
            target.is_old = True
            log.warning("broker %s speaks only MQTT 3.1.1; using that", target.broker)
        self.broker = target.broker
        self.problem = None
        self._said.clear()
        self.n_connects += 1
        self._welcomed = connection  # the last thing: from now on others see it

    def _learn(self, connection: Connection, ending: Ending) -> None:
        """What to try next, when, and what to say of this."""
        n_open = len(self._open)
        self._open.clear()
        self._doubles.clear()
        target = self._targets[self._at]
        self.ending = ending
        lasted_s = time.monotonic() - connection.connected_s if connection.connected_s else 0.0
        if connection.connected_s:
            self.n_losses += 1
        at_once = False if connection.connected_s else target.adapt(self._options.protocol, connection.protocol, ending)
        if at_once:
            self._due_s = 0.0
            return
        self._say(target.broker, ending, in_words(target.broker, connection, ending))
        self._mind_client_id(ending, lasted_s, n_open)
        self._n_failed = 0 if lasted_s >= _LASTING_S else self._n_failed + 1
        if ending.kind != "silent" or connection.connected_s:
            target.protocol = "3.1.1" if self._options.protocol == "3.1.1" else "5"
        self._at = (self._at + 1) % len(self._targets)
        self._due_s = time.monotonic() + self._pause_s()

    def _pause_s(self) -> float:
        """Longer with each failure, and another on each device, so that a thousand do not return in one second."""
        n_rounds = self._n_failed // len(self._targets)
        if self._n_failed % len(self._targets):
            return random.uniform(0.0, 0.3)  # another broker may be well
        return min(_LONGEST_PAUSE_S, 2.0 ** min(n_rounds, 10)) * random.uniform(0.2, 1.0)

    def _mind_client_id(self, ending: Ending, lasted_s: float, n_open: int) -> None:
        """Two clients of one id would throw each other out for ever: the one that notices takes another.

        Brokers of MQTT 5 ought to say so, and many do not: a connection that ends right after it was made, twice in a
        row and with nothing under way, is taken for that. An id that was configured stays: a broker may know no other.
        """
        if ending.kind == "refused" and self._client_id != self._own_id:
            self._client_id = self._own_id
        self._n_short = self._n_short + 1 if ending.kind == "lost" and not n_open and lasted_s < _LASTING_S else 0
        if ending.code == reasons.TAKEN_OVER or (not ending.code and self._n_short >= _SHORT_LIVES):
            self._n_short = 0
            self.taken_over = True
            if not self._options.client_id:
                self._client_id = other_client_id(self._own_id)

    def _expiring(self, expiry_s: int) -> Properties:
        properties = self._expiry.get(expiry_s)
        if properties is None:
            properties = self._expiry[expiry_s] = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expiry_s
        return properties

    def _say(self, broker: Broker, ending: Ending, problem: str) -> None:
        """Log a problem once, until the connection is there again."""
        self.broker, self.problem = broker, problem
        kind = problem if ending.kind == "unreachable" else f"{ending.kind} {ending.code}"
        if (broker, kind) not in self._said:
            self._said.add((broker, kind))
            log.log(logging.WARNING if self.patient or self.n_connects else logging.DEBUG, _TRYING_ON, broker, problem)


def size_of(topic: str, payload: bytes) -> int:
    """Most bytes that a PUBLISH packet of ours takes: header, topic, mid, one property, payload."""
    return 5 + 2 + len(topic.encode()) + 2 + 6 + len(payload)
