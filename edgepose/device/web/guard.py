"""Who may ask the page's server: this machine by itself, others with the token.

A page elsewhere must not read or press anything here: its name may be bent to this machine (the Host header says so),
and its forms are sent along with our cookie (the Origin header says so).
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from edgepose.address import is_loopback

COOKIE = "edgepose_view"


class Guard:
    """host: where the server listens. token: what others must show; None only where it listens on loopback."""

    def __init__(self, host: str, token: str | None) -> None:
        self._own_only = is_loopback(host)
        self.token = token

    def refusal(self, path: str, headers: Mapping[str, str], *, changes: bool) -> str | None:
        """Why a request is not answered, in a sentence; None where it is. changes: whether it would change anything."""
        host = headers.get("Host") or ""
        if self._own_only and not is_loopback(_name_of(host)):
            return "this page is for this machine: ask for it as http://localhost"
        origin = headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            return "another page asked for this; open the page itself"
        if changes and (headers.get("Content-Type") or "").split(";")[0] != "application/json":
            return "send application/json"
        if self.token is not None and not any(
            secrets.compare_digest(self.token.encode(), one) for one in _shown(path, headers)
        ):
            return "the token is missing or wrong: open the address that `edgepose view` printed"
        return None

    def _knows_token(self, shown: list[bytes]) -> bool:
        wanted = (self.token or "").encode()
        return any(secrets.compare_digest(wanted, one) for one in shown)

    def token_in(self, path: str) -> bool:
        """Whether the address itself carries the token, which is better kept in a cookie."""
        return self.token is not None and "token" in parse_qs(urlsplit(path).query)


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _shown(path: str, headers: Mapping[str, str]) -> list[bytes]:
    """Every token that a request shows: of the address, of the cookie, as a bearer."""
    try:
        found = parse_qs(urlsplit(path).query, max_num_fields=8).get("token", [])
    except ValueError:
        found = []
    jar: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        jar.load(headers.get("Cookie") or "")
    if COOKIE in jar:
        found = [*found, jar[COOKIE].value]
    scheme, _, bearer = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        found = [*found, bearer.strip()]
    return [one.encode("utf-8", "replace") for one in found]
