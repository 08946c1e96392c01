"""One MQTT connection, from the first packet to its end, through one paho client that lives as long.

Only the opening (names, TCP, TLS: what may block) has a thread of its own. Everything else is done by the one thread
that calls `wait`: it owns the socket, and nobody else reads or writes it. A client is never used again, so that none
can be left in a state that nobody knows.
"""

from __future__ import annotations

import select
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, Literal

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTProtocolVersion

from edgepose.publish.mqtt.topics import Broker

KEEPALIVE_S = 8
"""A broker that is gone without a word is noticed after two of these, and our last will is sent after 1.5: well within
20 s, with the pause before the next connection."""

_CONNECT_S = 5.0

Kind = Literal["unreachable", "refused", "closed", "foreign", "silent", "lost"]


class Ending(msgspec.Struct, frozen=True):
    """Why a connection ended.

    kind: unreachable (no TCP or TLS), refused (by CONNACK), closed (before CONNACK), foreign (what came is no MQTT),
    silent (nothing came in time), lost (after CONNACK). code: the broker's reason, 0 without one. error: what the
    system said.
    """

    kind: Kind
    code: int = 0
    error: BaseException | None = None
    words: str = ""


class Limits(msgspec.Struct, frozen=True):
    """What a broker takes, as its CONNACK says. max_packet: bytes of a whole packet, 0 for any."""

    max_packet: int = 0
    receive_max: int = 65_535
    max_qos: int = 2
    retain: bool = True


class Will(msgspec.Struct, frozen=True):
    """What the broker is to say when the connection ends without a goodbye."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


class Connection:
    """Opens at once. `wait` and `client` are for one thread.

    connected: whether CONNACK came and the end has not. subscribed: whether the subscriptions were answered.
    ending: why it is over, None while it is not.
    answers: (mid, reason code) of what was answered. messages: (topic, payload, retained) of what came in.
    limits: what the broker takes. began_s: when it was begun, monotonic seconds; connected_s, when CONNACK came.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        protocol: str,
        will: Will | None,
        tls: ssl.SSLContext | None,
        subscriptions: tuple[str, ...],
        on_opened: Callable[[], None],
        max_messages: int,
    ) -> None:
        self.broker = broker
        self.connected = False
        self.subscribed = False
        self.ending: Ending | None = None
        self.limits = Limits()
        self.answers: deque[tuple[int, int]] = deque()
        self.messages: deque[tuple[str, bytes, bool]] = deque(maxlen=max_messages)
        self.began_s = time.monotonic()
        self.connected_s = 0.0
        self.protocol = protocol
        self._subscriptions = subscriptions
        self._on_opened = on_opened
        self._log = ""
        self._lock = threading.Lock()
        self._opened = self._abandoned = False
        self._error: BaseException | None = None
        self.client = self._new_client(client_id, will, tls)
        threading.Thread(target=self._open, name="mqtt opening", daemon=True).start()

    @property
    def opened(self) -> bool:
        """Whether TCP and TLS are through, or have failed."""
        return self._opened

    def wait(self, wake: int, timeout_s: float) -> None:
        """Read and write what can be, after waiting `timeout_s` at most for the socket or the descriptor `wake`."""
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        socket = self.client.socket() if self._opened and self.ending is None else None
        if socket is not None and socket.fileno() >= 0:
            writing = select.POLLOUT if self.client.want_write() else 0
            poll.register(socket, select.POLLIN | writing)
        poll.poll(timeout_s * 1000)
        if self._opened and self.ending is None:
            self._serve()

    def close(self, goodbye: bool) -> None:
        """Let go. With `goodbye` the broker forgets the last will, else it will say it."""
        with self._lock:
            self._abandoned = True
            if not self._opened:
                return
        if goodbye:
            with suppress(Exception):
                self.client.disconnect()
                deadline = time.monotonic() + 0.3
                while self.client.want_write() and time.monotonic() < deadline:
                    self.client.loop_write()
                    time.sleep(0.002)
        self._close_socket()
        self.connected = False

    def _close_socket(self) -> None:
        socket = self.client.socket()
        if socket is not None:
            with suppress(OSError):
                socket.close()

    def _open(self) -> None:
        options: dict[str, Any] = {"clean_start": True} if self.protocol == "5" else {}
        try:
            self.client.connect(self.broker.host, self.broker.port, keepalive=KEEPALIVE_S, **options)
            _at_once(self.client.socket())
        except Exception as error:  # also UnicodeError, of a name that cannot be one
            self._error = error
        with self._lock:
            self._opened = True
            abandoned = self._abandoned
        if abandoned:
            self._close_socket()
        with suppress(OSError):  # nobody waits any more
            self._on_opened()

    def _serve(self) -> None:
        if self._error is not None:
            self._end(Ending("unreachable", error=self._error))
            return
        client = self.client
        try:
            client.loop_read()
            while (socket := client.socket()) is not None and getattr(socket, "pending", int)():
                client.loop_read()  # what TLS has decrypted already makes no descriptor readable
            if client.want_write():
                client.loop_write()
            client.loop_misc()
        except Exception as error:  # paho raises many kinds for packets that are none
            self._end(Ending("foreign", error=error))
            self._close_socket()
        if client.socket() is None and self.ending is None:
            self._end(Ending("lost" if self.connected_s else "closed", words=self._log))

    def _end(self, ending: Ending) -> None:
        self.connected = False
        self.ending = ending

    def _new_client(self, client_id: str, will: Will | None, tls: ssl.SSLContext | None) -> paho.Client:
        version = MQTTProtocolVersion.MQTTv5 if self.protocol == "5" else MQTTProtocolVersion.MQTTv311
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, reconnect_on_failure=False
        )
        client.connect_timeout = _CONNECT_S
        if self.broker.user is not None:
            client.username_pw_set(self.broker.user, self.broker.password)
        if tls is not None:
            client.tls_set_context(tls)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=will.qos, retain=will.retain)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_log = self._on_log
        return client

    def _on_connect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._end(Ending("refused", code=reason.value))
            return
        client.on_log = None
        self.connected = True
        self.connected_s = time.monotonic()
        self.limits = Limits(
            max_packet=getattr(properties, "MaximumPacketSize", 0),
            receive_max=getattr(properties, "ReceiveMaximum", 65_535),
            max_qos=getattr(properties, "MaximumQoS", 2),
            retain=bool(getattr(properties, "RetainAvailable", 1)),
        )
        if self._subscriptions:
            client.subscribe([(topic, 1) for topic in self._subscriptions])

    def _on_disconnect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if self.ending is not None:
            return
        by_broker = flags.is_disconnect_packet_from_server
        if not by_broker and str(reason) == "Keep alive timeout":
            self._end(Ending("silent"))
        elif not by_broker and str(reason) == "Protocol error":
            self._end(Ending("foreign"))
        else:
            code = reason.value if by_broker else 0
            self._end(Ending("lost" if self.connected_s else "closed", code=code, words=self._log))

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload), message.retain))

    def _on_subscribe(self, client: paho.Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
        self.subscribed = True

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, reason: Any, properties: Any) -> None:
        self.answers.append((mid, reason.value))

    def _on_log(self, client: paho.Client, userdata: Any, level: int, words: str) -> None:
        """Until CONNACK: paho tells errors of the socket, such as a TLS alert, only to its log."""
        if level == LogLevel.MQTT_LOG_ERR:
            self._log = words


def _at_once(socket: Any) -> None:
    """Send small packets as they come: else each waits until the one before it was acknowledged, 40 ms on Linux."""
    with suppress(OSError, AttributeError):  # closed meanwhile, or none
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
