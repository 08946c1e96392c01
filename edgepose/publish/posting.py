"""One HTTPS POST in bounded time, to an address that a person configured: no redirects, no cookies, nothing read back.

The address may hold a secret (an ntfy topic is one), so that it is never said in full.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from edgepose.address import is_loopback, problem
from edgepose.errors import ConfigError, PublishError

_WANTED = "webhook.url: wanted an address as https://host/path"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = ("host", "content-length", "transfer-encoding", "connection")
_MOST_HEADERS = 20


class Address(msgspec.Struct, frozen=True):
    """Where to post. target: path and query. Its repr leaves the target out."""

    host: str
    port: int
    target: str
    tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    __repr__ = __str__


def address_of(url: str) -> Address:
    """The address in a URL; ConfigError in words. Plain http is for this machine only: an alert is about health."""
    scheme = url.partition("://")[0].lower()
    if scheme not in ("http", "https"):
        raise ConfigError(f"{_WANTED}, found {'no scheme' if '://' not in url else f'the scheme {scheme!r}'}")
    wrong = problem(url)
    if wrong:
        raise ConfigError(f"{_WANTED}: {wrong}")
    try:
        url.encode("ascii")
    except UnicodeEncodeError:
        raise ConfigError(f"{_WANTED} in plain ASCII; write other letters as %XX") from None
    if re.search(r"[\x00-\x20\x7f]", url):
        raise ConfigError(f"{_WANTED}, found a blank; write it as %20")
    parts = urlsplit(url)
    if parts.username is not None:
        raise ConfigError("webhook.url must hold no password; put an Authorization line into webhook.headers_file")
    host, tls = parts.hostname or "", scheme == "https"
    if not host:
        raise ConfigError(f"{_WANTED}, found no host")
    if not tls and not is_loopback(host):
        raise ConfigError("webhook.url must be https://: an alert is not sent through a network in the clear")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = (443 if tls else 80) if parts.port is None else parts.port
    return Address(host, port, target, tls)


def headers_of(text: str) -> dict[str, str]:
    """Headers as lines of `Name: value`; ConfigError for what is none, without its value."""
    headers: dict[str, str] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for k, line in enumerate(lines[: _MOST_HEADERS + 1]):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _TOKEN.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise ConfigError(f"webhook.headers_file: line {k + 1} is no header; wanted Name: value in plain ASCII")
        if name.lower() in _OURS:
            raise ConfigError(f"webhook.headers_file: {name} is made by EdgePose; leave it out")
        headers[name] = value
    if len(headers) > _MOST_HEADERS:
        raise ConfigError(f"webhook.headers_file has more than {_MOST_HEADERS} headers")
    return headers


def post(
    address: Address, body: bytes, headers: Mapping[str, str], timeout_s: float, tls: ssl.SSLContext | None
) -> None:
    """Post and be content with any 2xx; PublishError in words otherwise, `timeout_s` after the call at the latest."""
    if tls is not None:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            address.host, address.port, timeout=timeout_s, context=tls
        )
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
    late = threading.Event()
    watch = threading.Timer(timeout_s, _give_up, (connection, late))  # a server may send a byte now and then, for ever
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", address.target, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        words = "no answer in time" if late.is_set() or isinstance(error, TimeoutError) else _words(error)
        raise PublishError(f"{address} does not take alerts: {words}") from None
    finally:
        watch.cancel()
        connection.close()
    if 300 <= status < 400:
        raise PublishError(f"{address} leads elsewhere ({status}), which is not followed; name the place it leads to")
    if not 200 <= status < 300:
        raise PublishError(f"{address} refuses alerts ({status}); check webhook.url and its headers")


def _give_up(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    used = connection.sock
    if used is not None:
        with contextlib.suppress(OSError):
            used.shutdown(socket.SHUT_RDWR)


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); set the clock, or webhook.ca_file"
    if isinstance(error, OSError):
        return (error.strerror or str(error) or "no answer").lower()
    return "it does not speak HTTP"
