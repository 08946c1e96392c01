"""Where scenes come from: the running service, asked at its socket, or a run or a recording of one's own."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from edgepose.device.control import ask
from edgepose.device.records import Running
from edgepose.device.requests import About, ReadAgain, Scene
from edgepose.errors import ControlError
from edgepose.pipeline.newest import Newest
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import FrameResult
from edgepose.types.result import NOT_A_RECORD, decode
from edgepose.workers import Worker

if TYPE_CHECKING:
    from edgepose.alerts.acknowledgement import Action
    from edgepose.pipeline import Pipeline
    from edgepose.types import Image

INCIDENTS = 20


class Looking(Protocol):
    """What the page shows. config_file: where zones may be saved beside, None where nowhere. has_pictures: whether
    `picture` gives any.
    """

    config_file: Path | None
    has_pictures: bool

    def scene(self) -> dict[str, Any]:
        """frames, limbs and zones as `Pipeline.scene` gives them; ControlError where nobody answers."""
        ...

    def about(self) -> dict[str, Any]:
        """watch, troubles (see `Pipeline.about`) and incidents (newest first)."""
        ...

    def answer(self, incident: str, action: Action, by: str) -> None:
        """Acknowledge an incident."""
        ...

    def read_again(self) -> None:
        """Have zones that were saved taken."""
        ...

    def picture(self, camera: str) -> Image | None:
        """The newest picture of a camera, uint8 (H, W, 3) BGR, None where there is none."""
        ...

    def close(self) -> None: ...


class OfService:
    """The running service. Its pictures never leave it."""

    has_pictures = False

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._records = Running(socket)
        name = ask(socket, Scene()).get("config_file")
        self.config_file = Path(name) if name else None

    def scene(self) -> dict[str, Any]:
        found: dict[str, Any] = ask(self._socket, Scene())
        return found

    def about(self) -> dict[str, Any]:
        about = ask(self._socket, About())
        try:
            incidents = msgspec.to_builtins(self._records.incidents(INCIDENTS))
        except ControlError:  # it carries no alerts
            incidents = []
        return {"watch": about.get("watch") or {}, "troubles": about.get("troubles", []), "incidents": incidents}

    def answer(self, incident: str, action: Action, by: str) -> None:
        self._records.clear(incident, by, action)

    def read_again(self) -> None:
        ask(self._socket, ReadAgain())

    def picture(self, camera: str) -> Image | None:
        return None

    def close(self) -> None:
        """The service goes on."""


class _Own:
    """Incidents are the service's; here are none to answer."""

    config_file: Path | None = None
    has_pictures = False

    def answer(self, incident: str, action: Action, by: str) -> None:
        raise ControlError("nothing is open here that could be answered")

    def read_again(self) -> None:
        raise ControlError("this run does not read its configuration again; start it anew")

    def picture(self, camera: str) -> Image | None:
        return None


class OfRun(_Own):
    """A pipeline of one's own, which this owns. Files are shown at the pace they were taken at."""

    def __init__(self, pipeline: Pipeline, *, pictures: bool = False) -> None:
        self._pipeline = pipeline
        self.has_pictures = pictures
        self._pictures: dict[str, Image] = {}
        self._begun: dict[str, float] = {}
        self._worker = Worker("view", self._run).start()

    def _run(self, stop: threading.Event) -> None:
        def shown(result: FrameResult) -> None:
            if self.has_pictures and result.image is not None:
                self._pictures[result.source] = result.image
            if not self._pipeline.is_live:
                stop.wait(max(0.0, _due(self._begun, result) - time.monotonic()))

        self._pipeline.run(shown)

    def scene(self) -> dict[str, Any]:
        if self._worker.error is not None:
            raise ControlError(f"the run has ended: {self._worker.error}")
        return self._pipeline.scene()

    def about(self) -> dict[str, Any]:
        about = self._pipeline.about()
        return {"watch": about.get("watch", {}), "troubles": msgspec.to_builtins(about["troubles"]), "incidents": []}

    def picture(self, camera: str) -> Image | None:
        return self._pictures.get(camera)

    def close(self) -> None:
        self._worker.stop()
        self._pipeline.close()
        self._worker.join(2.0)


class OfRecording(_Own):
    """A recording in JSON lines, over and over, at the pace it was taken at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest = Newest()
        self._worker = Worker("view", self._run).start()

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            begun: dict[str, float] = {}
            with self._path.open("rb") as lines:
                for line in lines:
                    try:
                        result = decode(line)
                    except NOT_A_RECORD:
                        continue
                    if stop.wait(max(0.0, min(5.0, _due(begun, result) - time.monotonic()))):
                        return
                    self._newest.saw(result)
            if not begun:
                return

    def scene(self) -> dict[str, Any]:
        return {"frames": self._newest.frames(), "limbs": BODYPOSENET_18.limbs, "zones": []}

    def about(self) -> dict[str, Any]:
        return {"watch": {}, "troubles": [], "incidents": []}

    def close(self) -> None:
        self._worker.stop()
        self._worker.join(1.0)


def _due(begun: dict[str, float], result: FrameResult) -> float:
    """The monotonic second at which a frame of a file is due. begun: by source, when its second 0 was."""
    began = begun.setdefault(result.source, time.monotonic() - result.t)
    return began + result.t
