"""A way to a broker that can be made bad while it is used: frozen, slow, late, or without acknowledgements."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque

_CHUNK = 4096


class Proxy:
    """Listens on a free loopback port and forwards to `port`; the attributes may be changed at any moment.

    frozen: nothing is forwarded either way and nobody is told, as when a cable is pulled behind a switch. rate: bytes
    a second towards the broker, 0 for any. delay_s: each way. swallow_pubacks: what the broker acknowledges is not
    heard. accepted: monotonic seconds of connections.
    """

    def __init__(self, port: int) -> None:
        self.frozen = False
        self.rate = 0.0
        self.delay_s = 0.0
        self.swallow_pubacks = False
        self.accepted: list[float] = []
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self) -> None:
        for one in (self._server, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                device, _ = self._server.accept()
                self.accepted.append(time.monotonic())
                threading.Thread(target=self._join, args=(device,), daemon=True).start()

    def _join(self, device: socket.socket) -> None:
        """Forward one connection; one made while frozen is taken by the kernel and stays without an answer."""
        while self.frozen:
            time.sleep(0.05)
        try:
            broker = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            device.close()
            return
        self._sockets += [device, broker]
        for one in (device, broker):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._forward, args=(device, broker, True), daemon=True).start()
        self._forward(broker, device, False)

    def _forward(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        late: deque[tuple[float, bytes]] = deque()
        rest = b""
        source.settimeout(0.02)
        with contextlib.suppress(OSError):
            while True:
                data: bytes | None = None
                if not self.frozen:
                    with contextlib.suppress(TimeoutError):
                        data = source.recv(_CHUNK)
                else:
                    time.sleep(0.02)
                if data == b"":
                    break
                if data:
                    if not up:
                        rest, data = _whole(rest + data, without_pubacks=self.swallow_pubacks)
                    late.append((time.monotonic() + self.delay_s, data))
                while late and late[0][0] <= time.monotonic() and not self.frozen:
                    self._send(target, late.popleft()[1], up)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _send(self, target: socket.socket, data: bytes, up: bool) -> None:
        while data and up and (rate := self.rate):
            n = max(1, int(rate / 50))
            target.sendall(data[:n])
            data = data[n:]
            time.sleep(n / rate)
        target.sendall(data)


def _whole(data: bytes, *, without_pubacks: bool) -> tuple[bytes, bytes]:
    """What is left over of the last packet, and the whole packets before it, with or without PUBACKs."""
    out = b""
    while True:
        length, shift, at = 0, 0, 1
        while at < len(data):
            byte = data[at]
            length |= (byte & 127) << shift
            shift += 7
            at += 1
            if byte < 128:
                break
        else:
            return data, out
        if len(data) < at + length:
            return data, out
        if not (without_pubacks and data[0] >> 4 == 4):
            out += data[: at + length]
        data = data[at + length :]
