"""How the service stands, in the words and codes of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from edgepose.device.control import ask, running
from edgepose.device.requests import About
from edgepose.errors import ControlError

Level = Literal["ok", "warning", "critical", "unknown"]

CODES: Mapping[Level, int] = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}

IDLE_S = 10.0
"""A camera of which no frame was judged for so long is not watched, whatever its link says."""

_LINKS: Mapping[str, Level] = {"online": "ok", "offline": "critical"}


class Standing(msgspec.Struct, frozen=True):
    """level: the worst of the reasons. reasons: sentences, the gravest first. service: its own words, see
    `Pipeline.about`; empty where nobody answered.
    """

    level: Level
    reasons: list[str]
    service: dict[str, Any] = {}


def standing() -> Standing:
    """How the service on this machine stands; never raises."""
    try:
        path = running()
        if path is None:
            return Standing("critical", ["no service runs here: nobody is watched; see: systemctl status edgepose"])
        return judged(ask(path, About()))
    except ControlError as error:
        return Standing("unknown", [str(error)])


def judged(about: Mapping[str, Any]) -> Standing:
    """The level of what a service says of itself."""
    found: list[tuple[Level, str]] = []
    cameras = about.get("watch")
    if not isinstance(cameras, Mapping):
        found.append(("warning", "the service is still starting"))
    elif not cameras:
        found.append(("critical", "the service has no camera: nobody is watched"))
    for name, camera in (cameras or {}).items():
        found += _of_camera(str(name), camera)
    for one in about.get("troubles", ()):
        camera = f"{one['camera']}: " if one.get("camera") else ""
        found.append(("warning", f"{camera}{one['code']}: {one['hint']}"))
    if about.get("broker_connected") is False:
        found.append(("warning", f"the broker does not answer; {about.get('alerts_waiting') or 0} alerts wait"))
    found.sort(key=lambda one: -CODES[one[0]])
    level: Level = found[0][0] if found else "ok"
    return Standing(level, [words for _, words in found], dict(about))


def _of_camera(name: str, camera: Mapping[str, Any]) -> list[tuple[Level, str]]:
    state, idle_s = camera["state"], camera["idle_s"]
    if state != "online":
        return [(_LINKS.get(state, "warning"), f"camera {name} is {state}: nobody is watched there")]
    if idle_s is None or idle_s > IDLE_S:
        since = "yet" if idle_s is None else f"for {idle_s:.0f} s"
        return [("critical", f"camera {name} is online, but no frame of it was judged {since}")]
    return []
