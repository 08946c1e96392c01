"""What everybody who looks is shown: asked for once, however many look."""

from __future__ import annotations

import threading
import time
from typing import Any

from edgepose.device.web.looking import Looking
from edgepose.device.web.traces import Traces
from edgepose.errors import EdgePoseError
from edgepose.workers import Worker

SCENES_PER_S = 8
ABOUT_S = 2.0
ALONE_S = 1.0
"""While nobody looks, a scene is asked for so often, for the traces of where people were."""

MOST_VIEWERS = 8


class Feed:
    """The newest of everything, asked for by a thread of its own. Any thread may read: values are replaced.

    number: of the newest scene or trouble, from 1 on. scene: see `Looking.scene`. about: see `Looking.about`, with
    traces. trouble: why there is nothing new, empty where there is.
    """

    def __init__(self, looking: Looking) -> None:
        self.number = 0
        self.scene: dict[str, Any] = {"frames": [], "limbs": [], "zones": []}
        self.about: dict[str, Any] = {}
        self.trouble = ""
        self._looking = looking
        self._traces = Traces()
        self._about_due_s = 0.0
        self._n_viewers = 0
        self._changed = threading.Condition()
        self._ended = False
        self._worker = Worker("feed", self._run).start()

    def close(self) -> None:
        """End; whoever waits is let go."""
        self._worker.stop()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._worker.join(2.0)

    def enter(self) -> bool:
        """Count somebody who looks until `leave`; False where as many look already as may."""
        with self._changed:
            if self._n_viewers == MOST_VIEWERS:
                return False
            self._n_viewers += 1
            self._about_due_s = 0.0
            self._changed.notify_all()
            return True

    def leave(self) -> None:
        with self._changed:
            self._n_viewers -= 1

    def wait(self, after: int) -> bool:
        """Wait for something newer than `after`; False at the end. Who is slow gets the newest, and nothing waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self.number > after)
            return not self._ended

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            self._ask()
            with self._changed:
                self.number += 1
                self._changed.notify_all()
                if self._n_viewers == 0:
                    self._changed.wait_for(lambda: self._ended or self._n_viewers > 0, ALONE_S)
            pause_s = ABOUT_S if self.trouble else 1 / SCENES_PER_S
            stop.wait(max(0.0, began + pause_s - time.monotonic()))

    def _ask(self) -> None:
        try:
            self.scene = self._looking.scene()
            for frame in self.scene["frames"]:
                self._traces.add(frame)
            if self._n_viewers and time.monotonic() >= self._about_due_s:
                self._about_due_s = time.monotonic() + ABOUT_S
                self.about = {**self._looking.about(), "traces": self._traces.points()}
            self.trouble = ""
        except EdgePoseError as error:
            self.trouble = str(error)
