"""One MQTT connection through paho-mqtt: connects, comes back, speaks v5 or falls back to 3.1.1, and says so once.

paho's callbacks come from its own thread and only note what happened; `Link` acts on it.
"""

from __future__ import annotations

import errno
import logging
import os
import ssl
import stat
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgepose.clock import is_synced
from edgepose.errors import ConfigError
from edgepose.publish.mqtt.topics import Broker, parse_url
from edgepose.publish.options import MqttOptions

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
"""A silent broker is noticed after one and a half of these, and our last will is sent as soon."""

_OUT_OF_DATE = (9, 10)
"""OpenSSL's verify codes of a certificate that is not valid yet, or no more; what a board without a clock sees."""

_MAX_MESSAGES = 256
"""Messages from outside that wait for their reader."""

_UNSUPPORTED_PROTOCOL = 132
"""CONNACK reason of a broker that does not speak MQTT v5; paho reports a 3.1.1 broker's answer as the same."""


class Session:
    """The connection. `publish`, `answers` and `tend` are for one owner; properties may be read from any thread.

    problem: why there is no connection, in words, or None. n_connects: how often it was made. on_activity: called from
    paho's thread after each connect, and after each answer while the owner is `expecting` some.
    """

    def __init__(self, broker: Broker, options: MqttOptions, client_id: str, will: tuple[str, bytes]) -> None:
        self.broker = broker
        self.problem: str | None = None
        self.n_connects = 0
        self.expecting = False
        self.on_activity: Callable[[], None] = lambda: None
        self._options = options
        self._client_id = client_id
        self._will = will
        self._connected = False
        self._fall_back = False
        self._said: str | None = None
        self._subscriptions: tuple[str, ...] = ()
        self._messages: deque[tuple[str, bytes, bool]] = deque(maxlen=_MAX_MESSAGES)
        self._answers: deque[tuple[int, int]] = deque()
        self._open: set[int] = set()  # mids of QoS 1 that are not answered yet
        self._doubles: Counter[int] = Counter()  # mids that paho gave to a QoS 0 message while they were open
        self._expiry: dict[int, Properties] = {}
        self._version = MQTTProtocolVersion.MQTTv311 if options.protocol == "3.1.1" else MQTTProtocolVersion.MQTTv5
        self._tls = self._tls_context() if broker.tls else None
        self._client = self._new_client()

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def idle(self) -> bool:
        """Nothing is left to be written to the socket."""
        return not self._client.want_write()

    @property
    def protocol(self) -> str:
        """ "5" or "3.1.1"."""
        return "5" if self._version == MQTTProtocolVersion.MQTTv5 else "3.1.1"

    def start(self) -> None:
        self._client.connect_async(self.broker.host, self.broker.port, keepalive=KEEPALIVE_S, **self._connect_options())
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False, expiry_s: int = 0) -> int:
        """Hand one message to paho; returns its mid, which `answers` repeats once the broker has answered (QoS 1)."""
        properties = self._expiring(expiry_s) if expiry_s and self.protocol == "5" else None
        if qos:
            self.expecting = True
        mid = self._client.publish(topic, payload, qos, retain, properties).mid
        if qos:
            self._open.add(mid)
        elif mid in self._open:
            self._doubles[mid] += 1
        return mid

    def answers(self) -> Iterator[tuple[int, int]]:
        """(mid, reason code) of every QoS 1 message that was answered since the last call.

        paho calls back for QoS 0 too, once written, and counts mids round after 65,535 messages; one that was given to
        both kinds at once is not taken for the answer.
        """
        while self._answers:
            mid, reason = self._answers.popleft()
            if self._doubles[mid] > 0:
                self._doubles[mid] -= 1
            elif mid in self._open:
                self._open.remove(mid)
                yield mid, reason

    def subscribe(self, *topics: str) -> None:
        """Ask for messages of these topics, now and after each connect; call it before `start`."""
        self._subscriptions = topics

    def messages(self) -> Iterator[tuple[str, bytes, bool]]:
        """(topic, payload, retained) of what came in since the last call; a flood loses its oldest."""
        while self._messages:
            yield self._messages.popleft()

    def tend(self) -> None:
        """Change to MQTT 3.1.1 when the broker asked for it."""
        if self._fall_back:
            self._fall_back = False
            _stop(self._client)
            self._version = MQTTProtocolVersion.MQTTv311
            self._client = self._new_client()
            self.start()

    def close(self) -> None:
        """Take leave of the broker, which then forgets our last will."""
        self._client.disconnect()
        _stop(self._client)
        self._connected = False

    def _new_client(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=self._version)
        password = self.broker.password
        if self.broker.user is not None:
            client.username_pw_set(self.broker.user, password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        client.reconnect_delay_set(1, 30)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _connect_options(self) -> dict[str, Any]:
        return {"clean_start": True} if self.protocol == "5" else {}

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._options.ca_file or None)
        except OSError as error:
            raise ConfigError(f"mqtt.ca_file {self._options.ca_file!r} cannot be used: {error}") from error

    def _expiring(self, expiry_s: int) -> Properties:
        properties = self._expiry.get(expiry_s)
        if properties is None:
            properties = self._expiry[expiry_s] = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expiry_s
        return properties

    def _on_connect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            if reason.value == _UNSUPPORTED_PROTOCOL and self.protocol == "5" and self._options.protocol == "auto":
                self._fall_back = True
                self._say("speaks only MQTT 3.1.1; using that")
            else:
                self._say(f"refuses this device: {reason}; check user, password and the broker's access rules")
        else:
            self.problem = self._said = None
            self.n_connects += 1
            self._connected = True
            if self._subscriptions:
                client.subscribe([(topic, 1) for topic in self._subscriptions])
        self.on_activity()

    def _on_connect_fail(self, client: paho.Client, userdata: Any) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles the error
        hint = "is it running?"
        if isinstance(error, ssl.SSLError):
            out_of_date = getattr(error, "verify_code", 0) in _OUT_OF_DATE
            hint = "the clock is not set yet" if out_of_date and not is_synced() else "check mqtt.ca_file"
        self._say(f"cannot be reached: {_words(error)}; {hint}")

    def _on_disconnect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        was_connected, self._connected = self._connected, False
        if was_connected and reason.value:
            self._say(f"went away: {reason}")

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self._messages.append((message.topic, bytes(message.payload), message.retain))
        self.on_activity()

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, reason: Any, properties: Any) -> None:
        self._answers.append((mid, reason.value))
        if self.expecting:
            self.on_activity()

    def _say(self, problem: str) -> None:
        """Log a problem once, until it changes or the connection is there again."""
        self.problem = problem
        if problem != self._said:
            self._said = problem
            log.warning("broker %s %s; trying on", self.broker, problem)


def broker_of(options: MqttOptions) -> Broker:
    """The broker that the options name, with its password; ConfigError where that cannot be read."""
    broker = parse_url(options.url)
    if not options.password_file:
        return broker
    if broker.user is None:
        raise ConfigError("mqtt.password_file needs a user in mqtt.url, as mqtt://user@host")
    try:
        password = _read_secret(options.password_file).decode().rstrip("\r\n")
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"mqtt.password_file {options.password_file!r} cannot be read: {words}") from None
    return msgspec.structs.replace(broker, password=password)


_LONGEST_PASSWORD = 65_535
"""What MQTT can carry."""


def _read_secret(path: str) -> bytes:
    """Contents of a file that nobody else can change; it is not waited for, as a pipe would be."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        if mode & 0o022:
            raise OSError(errno.EPERM, f"others may change it (mode {stat.S_IMODE(mode):04o}); keep it at 0600")
        return file.read(_LONGEST_PASSWORD + 2)


def _words(error: BaseException | None) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or "no answer"
    return str(error) if error else "no answer"


def _stop(client: paho.Client) -> None:
    """End paho's thread; one that hangs in a connect is left behind, as a daemon."""
    leaving = threading.Thread(target=client.loop_stop, daemon=True)
    leaving.start()
    leaving.join(0.7)
