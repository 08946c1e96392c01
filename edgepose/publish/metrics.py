"""Prometheus metrics over HTTP, for this machine only: GET /metrics, and nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from edgepose.address import is_loopback
from edgepose.errors import ConfigError
from edgepose.files import reason
from edgepose.health import Reason, reason_now
from edgepose.publish.exposition import CONTENT_TYPE, Figures
from edgepose.publish.options import MetricsOptions
from edgepose.types import CameraState, FrameResult
from edgepose.workers import Worker

log = logging.getLogger(__name__)

_POLL_S = 0.25
_PATIENCE_S = 2.0
"""How long a client may take for its request: one is answered at a time."""


class MetricsPublisher:
    """Answers scrapes in a thread of its own; raises ConfigError for an address that is not this machine's alone.

    A port that is taken ends nothing: the health says `metrics_failed`.
    """

    def __init__(self, options: MetricsOptions) -> None:
        self._address = _address(options.listen)
        self._figures = Figures()
        self._server: TCPServer | None = None
        self._worker = Worker("metrics", self._serve)
        self.troubles: tuple[Reason, ...] = ()

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        return None if self._server is None else int(self._server.server_address[1])

    def open(self, card: Mapping[str, Any]) -> None:
        self.tell_card(card)
        try:
            self._server = _Server(self._address, _handler(self._figures))
        except OSError as error:
            host, port = self._address
            hint = f"no metrics: {host}:{port} cannot be listened at ({reason(error)}); see metrics.listen"
            log.warning("%s", hint)
            self.troubles = (reason_now("metrics_failed", hint),)
            return
        self._worker.start()

    def tell_card(self, card: Mapping[str, Any]) -> None:
        self._figures.card = card

    def tell_troubles(self, reasons: Sequence[Reason]) -> None:
        self._figures.troubles = tuple(reasons)

    def publish(self, result: FrameResult) -> None:
        """Frames are counted by `stats`."""

    def camera_state(self, source: str, state: CameraState) -> None:
        self._figures.states[source] = state

    def stats(self, values: Mapping[str, Any]) -> None:
        self._figures.add(values, time.time())

    def close(self) -> None:
        self._worker.stop()
        self._worker.join(1.0)
        if self._server is not None:
            self._server.server_close()
            self._server = None

    def _serve(self, stop: Any) -> None:
        server = self._server
        assert server is not None
        server.timeout = _POLL_S
        while not stop.is_set():
            server.handle_request()


class _Server(TCPServer):  # an HTTPServer asks the DNS for its own name first
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or is no HTTP client, is nobody's trouble."""
        log.debug("a request for metrics failed", exc_info=True)


def _handler(figures: Figures) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S
        server_version, sys_version = "EdgePose", ""

        def do_GET(self) -> None:
            if not _is_own(self.headers.get("Host", "")) or self.headers.get("Origin"):
                self._answer(403, "text/plain", "metrics are for this machine: ask for http://localhost/metrics\n")
            elif urlsplit(self.path).path == "/metrics":
                self._answer(200, CONTENT_TYPE, figures.text())
            else:
                self._answer(404, "text/plain", "there is only /metrics\n")

        def _answer(self, code: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            log.debug(format, *args)

    return Handler


def _is_own(host: str) -> bool:
    """Whether a Host header names this machine: a page elsewhere whose name was bent to it is refused."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _address(listen: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None:
        raise ConfigError(f"metrics.listen wants host:port, such as 127.0.0.1:9478, not {listen!r}")
    if not is_loopback(host) or ":" in host:
        raise ConfigError(f"metrics.listen is for this machine only: wanted 127.0.0.1:{port}, not {listen!r}")
    return host, port
