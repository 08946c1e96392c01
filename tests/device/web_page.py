"""A service with one fall and one camera, and the page on it, for tests."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.store import MemoryAlertStore
from edgepose.clock import uuid7
from edgepose.config import load_config
from edgepose.device.control import ControlSocket
from edgepose.device.requests import Requests
from edgepose.device.web.looking import OfService
from edgepose.device.web.server import PageServer
from edgepose.pipeline.newest import Newest
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import Event, FrameResult, Pose, Track

SIZE_WH = 640, 480
STANDING = np.array(
    [
        [0.5, 0.1], [0.5, 0.22], [0.4, 0.22], [0.36, 0.36], [0.35, 0.5], [0.6, 0.22], [0.64, 0.36], [0.65, 0.5],
        [0.44, 0.52], [0.44, 0.72], [0.44, 0.92], [0.56, 0.52], [0.56, 0.72], [0.56, 0.92],
        [0.47, 0.08], [0.53, 0.08], [0.44, 0.1], [0.56, 0.1],
    ]
)  # fmt: skip


def person(number: int, left: float, lying: bool = False) -> Track:
    xy = STANDING[:, ::-1] if lying else STANDING
    keypoints = np.ones((18, 3), np.float32)
    keypoints[:, :2] = xy * 200 + [left, 240 if lying else 200]
    return Track(number, Pose(keypoints, 0.9), 1.0, 5.0, 0.0)


class Carrier:
    """A pipeline, as far as the socket needs it."""

    def __init__(self, config_file: Path) -> None:
        self.desk = AlertDesk("jetson", MemoryAlertStore(), rooms={})
        self.newest = Newest()
        self.file = config_file
        self.n_read = 0
        self.n_scenes = 0
        self.begun = time.monotonic()

    def carry(self, alerts: object) -> None: ...

    def try_again(self) -> None: ...

    def read_again(self) -> None:
        self.n_read += 1

    def about(self) -> dict[str, Any]:
        seconds = {"day": "2026-12-01", "watched_s": 7260, "unwatched_s": {"offline": 90}}
        return {"watch": {"hall": {"state": "online", "idle_s": 0.1, **seconds}}, "troubles": []}

    def scene(self) -> dict[str, Any]:
        self.n_scenes += 1
        t = time.monotonic() - self.begun
        fallen = Event("fall", "confirmed", t, track_id=2)
        self.newest.saw(
            FrameResult("hall", 1, t, SIZE_WH, (person(1, 40 + 60 * t % 400), person(2, 380, True)), (fallen,))
        )
        zones = [vars_of(zone) for zone in load_config(self.file).zones]
        return {"frames": self.newest.frames(), "limbs": BODYPOSENET_18.limbs, "zones": zones}


def vars_of(zone: Any) -> dict[str, Any]:
    return {"name": zone.name, "policy": zone.policy, "polygon": zone.polygon, "camera": zone.camera}


@contextmanager
def page_of(folder: Path, host: str = "127.0.0.1", token: str | None = None) -> Iterator[tuple[PageServer, Carrier]]:
    config_file = folder / "edgepose.toml"
    config_file.write_text('[[zones]]\nname = "tv"\npolicy = "ignore"\npolygon = [[0, 0], [0.2, 0], [0.2, 0.2]]\n')
    carrier = Carrier(config_file)
    event = Event("fall", "confirmed", time.monotonic(), started_t=time.monotonic(), episode=uuid7())
    carrier.desk.take("hall", event)
    with ControlSocket(folder / "control.sock", Requests(carrier, carrier)):
        looking = OfService(folder / "control.sock")
        server = PageServer(looking, host, 0, token)
        try:
            yield server, carrier
        finally:
            server.close()
            looking.close()


def asked(server: PageServer, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    kind = {"Content-Type": "application/json"} if body is not None else {}
    given = {**kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        connection.request("GET" if body is None else "POST", path, body, given)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()
