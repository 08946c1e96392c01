"""Keeps a run on its engine: has one built where none can be used, and takes it when it is there.

Until then the CPU runs the network, and the health says so. An engine that somebody builds or switches later is taken
as well, without a restart: cameras, tracks and rules go on.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.backends import open_on_gpu
from edgepose.backends.engine_place import engines_of
from edgepose.backends.in_use import chosen_model, in_use_file
from edgepose.backends.tensorrt import gpu_trouble
from edgepose.device.building import ask_for_engine, build_state, is_asked
from edgepose.errors import EdgePoseError
from edgepose.workers import Worker

if TYPE_CHECKING:
    from edgepose.config import Config
    from edgepose.pipeline import Pipeline

log = logging.getLogger(__name__)

POLL_S = 1.0
ANSWER_S = 30.0
"""A builder that has not begun after so long does not come."""

Stamp = tuple[tuple[str, int, int, int], ...]


class EngineKeeper:
    """Looks after the engine of a running pipeline in a thread of its own. A context manager.

    config_file: what a build is made from, None where engines are taken but none is asked for.
    """

    def __init__(self, pipeline: Pipeline, config: Config, config_file: Path | None) -> None:
        self._pipeline = pipeline
        self._config = config
        self._config_file = config_file
        self._model = chosen_model(config.model.path)
        self._seen = self._stamp()
        self._asked_s: float | None = None
        self._worker = Worker("engine", self._run)

    def __enter__(self) -> EngineKeeper:
        if self._config.model.backend.name in ("auto", "tensorrt") and self._model.suffix in (".onnx", ".engine"):
            self._worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.stop()
        self._worker.join(0.2)  # one that opens an engine is not waited for

    def _run(self, stop: threading.Event) -> None:
        if self._pipeline.network.backend.info.why and self._config_file is not None and not gpu_trouble():
            self._ask(self._config_file)
        while not stop.wait(POLL_S):
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                self._take()
            if self._asked_s is not None:
                self._look_after(self._asked_s)

    def _ask(self, config_file: Path) -> None:
        why = self._pipeline.network.backend.info.why
        try:
            who = ask_for_engine(config_file)
        except EdgePoseError as error:
            log.warning("%s", error)
            return
        self._asked_s = time.monotonic()
        log.warning("an engine is being built by %s; the CPU runs the network until it is there", who)
        words = f"an engine is being built, until then the CPU is used: {why}"
        self._pipeline.trouble("engine_building", words, instead_of="cpu_fallback")

    def _look_after(self, asked_s: float) -> None:
        """Notice a build that failed, was cut off or never began."""
        state = build_state()
        if state is None or (is_asked() and time.monotonic() - asked_s < ANSWER_S):
            return
        if not state and is_asked():
            state = "nobody builds; is edgepose-engine.path running? systemctl start edgepose-engine"
        if not state and time.monotonic() - asked_s < ANSWER_S:  # it has not begun yet, or has just ended
            return
        self._asked_s = None
        if self._pipeline.network.backend.info.why:
            state = state or "the builder left none"
            log.warning("no engine was built: %s", state)
            words = f"the network runs on the CPU, slower than on the GPU; no engine was built: {state}"
            self._pipeline.trouble("cpu_fallback", words, instead_of="engine_building")
        else:
            self._pipeline.well("engine_building")

    def _take(self) -> None:
        options = self._config.model
        try:
            self._model = chosen_model(options.path)
            backend = open_on_gpu(self._model, options.backend, options.height)
            self._pipeline.use(backend)
        except EdgePoseError as error:
            log.warning("the new engine cannot be used: %s", error)
            return
        self._asked_s = None
        self._pipeline.well("engine_building")
        log.warning("the network runs on %s now, with %s", backend.info.device, backend.info.engine)

    def _stamp(self) -> Stamp:
        """What tells one engine file, or network in use, from the next that is put in its place."""
        found = []
        for engine in (*engines_of(self._model), in_use_file()):
            try:
                facts = engine.lstat()
            except OSError:
                continue
            found.append((str(engine), facts.st_ino, facts.st_mtime_ns, facts.st_size))
        return tuple(found)
