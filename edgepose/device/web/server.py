"""The page's server: one thread that listens, one for each request, on the standard library."""

from __future__ import annotations

import logging
import socket
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from edgepose.device.web.guard import Guard
from edgepose.device.web.handler import Handler
from edgepose.device.web.looking import Looking
from edgepose.device.web.traces import Traces
from edgepose.errors import ConfigError, EdgePoseError
from edgepose.files import reason
from edgepose.workers import Worker

log = logging.getLogger(__name__)

MOST_VIEWERS = 8


class PageServer:
    """Serves the page until `close`. Raises ConfigError where it cannot listen.

    Scenes are asked for while somebody looks, and once a second for the traces of where people were.
    """

    def __init__(self, looking: Looking, host: str, port: int, token: str | None) -> None:
        self.looking = looking
        self.guard = Guard(host, token)
        self.traces = Traces()
        self.viewers = threading.BoundedSemaphore(MOST_VIEWERS)
        self.ending = threading.Event()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = type("Server", (_Server,), {"address_family": family})
        try:
            self._server: _Server = server((host, port), type("OfPage", (Handler,), {"page": self}))
        except OSError as error:
            raise ConfigError(
                f"{host}:{port} cannot be listened at ({reason(error)}); name another with --port"
            ) from None
        self.port = int(self._server.server_address[1])
        self._workers = [Worker("page", self._serve).start(), Worker("traces", self._trace).start()]

    def close(self) -> None:
        self.ending.set()
        self._server.shutdown()
        for worker in self._workers:
            worker.stop()
            worker.join(2.0)
        self._server.server_close()

    def _serve(self, stop: threading.Event) -> None:
        self._server.serve_forever(0.25)

    def _trace(self, stop: threading.Event) -> None:
        while not stop.wait(1.0):
            try:
                for frame in self.looking.scene()["frames"]:
                    self.traces.add(frame)
            except EdgePoseError as error:
                log.debug("no scene for the traces: %s", error)


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or is no HTTP client, is nobody's trouble."""
        log.debug("a request for the page failed", exc_info=True)
