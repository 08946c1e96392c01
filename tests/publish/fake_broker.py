"""A broker of a few lines that does what a test tells it to: refuse, hang up, stay silent, answer late or never."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class FakeBroker:
    """On a free loopback port from the moment it was made; `close` ends it.

    connack: given the level (5 or 4) the reason code to answer a CONNECT with, None to hang up, -1 to say nothing.
    puback: given topic and payload the reason code, None to say nothing, -1 to hang up; of QoS 0 only -1 counts.
    properties: of a CONNACK of level 5. published: connection, topic, payload, QoS, retained.
    """

    connack: Callable[[int], int | None] = lambda level: 0
    puback: Callable[[str, bytes], int | None] = lambda topic, payload: 0
    properties: bytes = b""
    published: list[tuple[int, str, bytes, int, bool]] = field(
        default_factory=list
    )  # connection, topic, …, QoS, retain
    levels: list[int] = field(default_factory=list)
    client_ids: list[str] = field(default_factory=list)
    farewells: int = 0

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"

    def topics(self, connection: int | None = None) -> list[str]:
        """Last words of the topics that were published, of one connection or all."""
        return [topic.rsplit("/", 1)[-1] for n, topic, *_ in self.published if connection in (None, n)]

    def hang_up(self, last: bytes = b"") -> None:
        """End every connection, after these bytes."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.sendall(last)
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.close()
        self.hang_up()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            _, connect = _packet(connection)
            level = connect[6]
            self.levels.append(level)
            number = len(self.levels)
            self.client_ids.append(_client_id(connect, level))
            code = self.connack(level)
            if code is None:
                return
            if code >= 0:
                properties = bytes([len(self.properties)]) + self.properties if level == 5 else b""
                connection.sendall(bytes([0x20, 2 + len(properties), 0, code]) + properties)
                if code:
                    return
            while True:
                kind, body = _packet(connection)
                if kind >> 4 == 3 and self._answer(connection, number, level, kind, body):
                    return
                if kind >> 4 == 8:
                    connection.sendall(
                        b"\x90" + (b"\x04" + body[:2] + b"\0\0" if level == 5 else b"\x03" + body[:2] + b"\0")
                    )
                if kind >> 4 == 12:
                    connection.sendall(b"\xd0\x00")
                if kind >> 4 == 14:
                    self.farewells += 1

    def _answer(self, connection: socket.socket, number: int, level: int, kind: int, body: bytes) -> bool:
        """Note a PUBLISH and answer it; whether to hang up."""
        qos, at = kind >> 1 & 3, 2 + int.from_bytes(body[:2], "big")
        topic, mid = body[2:at].decode(), body[at : at + 2]
        at += 2 if qos else 0
        payload = body[at + 1 + body[at] :] if level == 5 else body[at:]
        self.published.append((number, topic, payload, qos, bool(kind & 1)))
        code = self.puback(topic, payload)
        if code == -1:
            return True
        if qos and code is not None:
            connection.sendall(b"\x40\x03" + mid + bytes([code]) if level == 5 else b"\x40\x02" + mid)
        return False


def _client_id(connect: bytes, level: int) -> str:
    at = 10 + (1 + connect[10] if level == 5 else 0)
    length = int.from_bytes(connect[at : at + 2], "big")
    return connect[at + 2 : at + 2 + length].decode()


def _packet(connection: socket.socket) -> tuple[int, bytes]:
    kind, length, shift = _read(connection, 1)[0], 0, 0
    while True:
        byte = _read(connection, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, _read(connection, length)


def _read(connection: socket.socket, n: int) -> bytes:
    data = b""
    while len(data) < n:
        part = connection.recv(n - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data
