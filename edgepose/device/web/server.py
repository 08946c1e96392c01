"""The page's server: one thread that listens, one for each request, on the standard library."""

from __future__ import annotations

import logging
import socket
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from edgepose.device.web.feed import Feed
from edgepose.device.web.guard import Guard
from edgepose.device.web.handler import Handler
from edgepose.device.web.looking import Looking
from edgepose.errors import ConfigError
from edgepose.files import reason
from edgepose.workers import Worker

log = logging.getLogger(__name__)


class PageServer:
    """Serves the page until `close`. Raises ConfigError where it cannot listen."""

    def __init__(self, looking: Looking, host: str, port: int, token: str | None) -> None:
        self.looking = looking
        self.guard = Guard(host, token)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = type("Server", (_Server,), {"address_family": family})
        try:
            self._server: _Server = server((host, port), type("OfPage", (Handler,), {"page": self}))
        except OSError as error:
            raise ConfigError(
                f"{host}:{port} cannot be listened at ({reason(error)}); name another with --port"
            ) from None
        self.port = int(self._server.server_address[1])
        self.feed = Feed(looking)
        self._worker = Worker("page", self._serve).start()

    def close(self) -> None:
        self.feed.close()
        self._server.shutdown()
        self._worker.join(2.0)
        self._server.server_close()

    def _serve(self, stop: threading.Event) -> None:
        self._server.serve_forever(0.25)


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or is no HTTP client, is nobody's trouble."""
        log.debug("a request for the page failed", exc_info=True)
