"""What is answered on each path: the page's files, scenes as server-sent events, answers and zones as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from edgepose.address import is_loopback
from edgepose.alerts.acknowledgement import Action
from edgepose.config.load import printable
from edgepose.device.web.guard import COOKIE
from edgepose.device.web.zone_file import drawn, save, zones_toml
from edgepose.encoding import encode
from edgepose.errors import ConfigError, EdgePoseError

if TYPE_CHECKING:
    from edgepose.device.web.server import PageServer

log = logging.getLogger(__name__)

MAX_BODY = 65_536
PATIENCE_S = 10.0
"""A client that takes or says nothing for so long is let go."""

_FILES = {
    "/": ("page.html", "text/html"),
    "/view.css": ("view.css", "text/css"),
    "/view.js": ("view.js", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /answer: somebody answers an incident."""

    id: str
    action: Action
    by: str = ""


class Drawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /zones: zones of one camera; save: False only gives their TOML."""

    camera: str
    zones: list[dict[str, Any]]
    save: bool = False


class Handler(BaseHTTPRequestHandler):
    page: PageServer
    timeout = PATIENCE_S
    server_version, sys_version = "EdgePose", ""

    def do_GET(self) -> None:
        if not self._may(changes=False):
            return
        path = urlsplit(self.path).path
        if path == "/" and self.page.guard.token_in(self.path):
            self._send(
                303,
                b"",
                "text/plain",
                {"Location": "/", "Set-Cookie": f"{COOKIE}={self.page.guard.token}; HttpOnly; SameSite=Strict; Path=/"},
            )
        elif path in _FILES:
            name, kind = _FILES[path]
            self._send(200, _file(name), f"{kind}; charset=utf-8")
        elif path == "/events":
            self._events()
        elif path.startswith("/picture/"):
            self._picture(unquote(path.removeprefix("/picture/")))
        else:
            self._say(404, "there is nothing here; the page is at /")

    def do_POST(self) -> None:
        if not self._may(changes=True):
            return
        path = urlsplit(self.path).path
        try:
            if path == "/answer":
                answer = msgspec.json.decode(self._body(), type=Answer)
                self.page.looking.answer(answer.id, answer.action, answer.by or "the page")
                self._json({})
            elif path == "/zones":
                self._json(self._zones(msgspec.json.decode(self._body(), type=Drawn)))
            else:
                self._say(404, "there is nothing here; the page is at /")
        except (EdgePoseError, msgspec.MsgspecError, ValueError, RecursionError) as error:
            self._say(400, str(error) or "this request cannot be read")

    def _zones(self, wish: Drawn) -> dict[str, Any]:
        text = zones_toml(wish.camera, wish.zones)
        if not wish.save:
            return {"toml": text}
        if not is_loopback(self.client_address[0]):
            raise ConfigError("zones are saved from the device itself only; copy the TOML instead")
        config_file = self.page.looking.config_file
        if config_file is None:
            raise ConfigError("there is no configuration to save beside; copy the TOML instead")
        if wish.camera not in {frame["source"] for frame in self.page.looking.scene()["frames"]}:
            raise ConfigError(f"there is no camera {wish.camera!r}")
        path = save(config_file, wish.camera, wish.zones)
        self.page.looking.read_again()
        return {"toml": text, "saved": str(path)}

    def _events(self) -> None:
        feed = self.page.feed
        if not feed.enter():
            self._say(503, "as many look already as may; close one")
            return
        try:
            self._head(200, "text/event-stream", {"Connection": "close"})
            seen, about = 0, None
            while feed.wait(seen):
                seen = feed.number
                if feed.trouble:
                    self._event("trouble", {"words": feed.trouble})
                    continue
                scene = feed.scene
                self._event("scene", {"frames": scene["frames"], "limbs": scene["limbs"]})
                if feed.about and feed.about is not about:
                    about = feed.about
                    self._event("about", self._about(about, scene))
        finally:
            feed.leave()

    def _about(self, about: Mapping[str, Any], scene: Mapping[str, Any]) -> dict[str, Any]:
        looking = self.page.looking
        return {
            **about,
            "zones": scene["zones"],
            "drawn": drawn(looking.config_file, [frame["source"] for frame in scene["frames"]]),
            "may_save": looking.config_file is not None and is_loopback(self.client_address[0]),
            "pictures": looking.has_pictures,
        }

    def _picture(self, camera: str) -> None:
        image = self.page.looking.picture(camera)
        if image is None:
            self._say(404, "no pictures are shown; start with --pictures to see them")
            return
        import cv2

        self._send(200, cv2.imencode(".jpg", image)[1].tobytes(), "image/jpeg")

    def _may(self, *, changes: bool) -> bool:
        refusal = self.page.guard.refusal(self.path, self.headers, changes=changes)  # type: ignore[arg-type]
        if refusal is not None:
            self._say(403, refusal)
        return refusal is None

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= MAX_BODY:
            raise ValueError(f"a request has between 1 and {MAX_BODY} bytes")
        return self.rfile.read(length)

    def _event(self, name: str, content: Any) -> None:
        self.wfile.write(b"event: " + name.encode() + b"\ndata: " + encode(content) + b"\n\n")
        self.wfile.flush()

    def _json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode(), "application/json")

    def _say(self, code: int, words: str) -> None:
        self._send(code, f"{printable(words)}\n".encode(errors="replace"), "text/plain; charset=utf-8")

    def _send(self, code: int, body: bytes, kind: str, more: Mapping[str, str] = {}) -> None:
        self._head(code, kind, {"Content-Length": str(len(body)), "Connection": "close", **more})
        self.wfile.write(body)

    def _head(self, code: int, kind: str, more: Mapping[str, str]) -> None:
        self.close_connection = True
        self.send_response(code)
        for name, value in {"Content-Type": kind, **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


@lru_cache
def _file(name: str) -> bytes:
    return (files("edgepose.device.web") / name).read_bytes()
