"""Addresses of network cameras and brokers: what is wrong with one, and what a camera is called by it."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from edgepose.redaction import CHANNEL, HOST_PORT, START, WITHOUT_SCHEME, authority, decoded, is_plain, items

ENCODING = "# / ? [ ] @ and blanks in a user name or password are written %23 %2F %3F %5B %5D %40 %20"
"""The end of a sentence about an address that cannot be read; it repeats nothing of it."""

_NUMBER = re.compile(r"\d{1,4}")


def problem(address: str) -> str:
    """What is wrong with an address of the form scheme://user:password@host:port/path; "" where nothing is.

    The words repeat nothing of it.
    """
    start = re.match(START, address)
    if start is None:
        return "it does not begin with a scheme and ://"
    if re.search(r"\s", address):
        return "a blank stands in it"
    front, tail = authority(address[start.end() :])
    if "@" in tail:
        return "an @ stands behind one of / ? #"
    host_port = front.rpartition("@")[2]
    if not host_port or host_port.startswith(":"):
        return "it names no host"
    if not HOST_PORT.fullmatch(host_port) or "[" in front[: -len(host_port)] or "]" in front[: -len(host_port)]:
        return "its host or port cannot be one"
    try:
        port = urlsplit(address).port
    except ValueError:
        port = 0
    return "its port is not between 1 and 65535" if port == 0 else ""


def lacks_scheme(text: str) -> bool:
    """Whether this is an address whose scheme, or whose //, was forgotten: user:password@host."""
    return bool(WITHOUT_SCHEME.match(text))


def camera_of(address: str) -> str:
    """What tells a network camera from others, for its name: host, plain path, channel; nothing that may be secret.

    The address is one that `problem` finds nothing wrong with.
    """
    parts = urlsplit(address)
    path, query = parts.path, decoded(f"{parts.path}?{parts.query}")
    segments = path.split("/")
    name = (parts.hostname or "") + (path if all(map(is_plain, segments)) else "")
    channels = [value for key, value in items(query) if CHANNEL.fullmatch(key) and _NUMBER.fullmatch(value)]
    return f"{name}/ch{channels[0]}" if channels else name


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine by itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
