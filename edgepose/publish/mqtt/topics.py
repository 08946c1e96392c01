"""Topic names and the broker's address: where a message goes."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from edgepose.address import ENCODING, problem
from edgepose.errors import ConfigError
from edgepose.names import slug
from edgepose.options import Options
from edgepose.redaction import shown

ROOT = "edgepose/v1"


class Topics:
    """Every topic of one device, as `edgepose/v1/<device>/...`."""

    def __init__(self, device: str) -> None:
        self.device = slug(device)
        self.base = f"{ROOT}/{self.device}"
        self._cameras: dict[tuple[str, str], str] = {}

    def of(self, name: str) -> str:
        """A topic of the device: status, info, stats, health."""
        return f"{self.base}/{name}"

    def camera(self, name: str) -> str:
        """The camera's name as topics spell it."""
        return slug(name)

    def of_camera(self, camera: str, name: str) -> str:
        """A topic of a camera: status, skeleton, occupancy, fall, alert, event."""
        topic = self._cameras.get((camera, name))
        if topic is None:
            topic = self._cameras[camera, name] = f"{self.base}/cam/{self.camera(camera)}/{name}"
        return topic


class Broker(Options, frozen=True):
    """Where a broker is and who asks. `str()` leaves the credentials out."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    __repr__ = __str__


def parse_url(url: str) -> Broker:
    """Read mqtt://[user[:password]@]host[:port] or mqtts://...; ConfigError otherwise, without the credentials."""
    wanted = "wanted a broker as mqtt://[user:password@]host[:port] or mqtts://..."
    scheme, begun, _ = url.partition("://")
    if not begun or scheme.lower() not in ("mqtt", "mqtts"):
        plain = not begun and re.fullmatch(r"[\w.-]+(:\d+)?", url)  # with an @ there may be a password in it
        hint = f"; write mqtt://{url}" if plain else ""
        raise ConfigError(f"{wanted}, found {f'the scheme {scheme!r}' if begun else 'no scheme'}{hint}")
    wrong = problem(url)
    if wrong:
        raise ConfigError(f"{wanted}, found {shown(url)!r}: {wrong}; {ENCODING}")
    parts = urlsplit(url)
    port, host = parts.port, parts.hostname or ""
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError(f"{wanted}, found something behind the port; topics are made by EdgePose")
    if "%" in host:
        raise ConfigError(f"{wanted}, found an IPv6 address with a zone (%); name the broker by its name")
    tls = parts.scheme == "mqtts"
    return Broker(
        host=host,
        port=(8883 if tls else 1883) if port is None else port,
        tls=tls,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )
