"""Keeps a service's configuration: the one that works is remembered, and SIGHUP has it read again.

What can change while the service runs (rules, their options, zones) is taken at once; people keep their tracks. What
cannot waits for a restart, and a configuration that cannot be used changes nothing: the health says either.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.config import Config, load_config
from edgepose.device.starting import keep_as_good, patient
from edgepose.errors import EdgePoseError
from edgepose.workers import Worker

if TYPE_CHECKING:
    from edgepose.pipeline import Pipeline

log = logging.getLogger(__name__)

GOOD_S = 5.0
"""A configuration with which the service has run so long works."""

_POLL_S = 0.25


class ConfigKeeper:
    """Looks after the configuration of a running service in a thread of its own. A context manager, for the main
    thread: it takes SIGHUP while it lasts.

    why: the reason why an earlier configuration runs, empty where the newest does. changed: what command-line flags
    make of a configuration that was read.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        config_file: Path,
        config: Config,
        why: str = "",
        changed: Callable[[Config], Config] = lambda config: config,
    ) -> None:
        self._pipeline = pipeline
        self.file = config_file.absolute()
        """The configuration that is looked after."""
        self._config = config
        self._why = why
        self._changed = changed
        self._wanted = threading.Event()
        self._worker = Worker("configuration", self._run)

    def __enter__(self) -> ConfigKeeper:
        if self._why:
            self._pipeline.trouble("config_fallback", self._why)
        self._before = signal.signal(signal.SIGHUP, lambda *_: self._wanted.set())
        self._worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it comes too late; the default would cut the end off
        self._worker.stop()
        self._worker.join(0.5)

    def read_again(self) -> None:
        """Have the configuration read again soon; any thread may ask."""
        self._wanted.set()

    def _run(self, stop: threading.Event) -> None:
        waited_s = 0.0
        while not stop.wait(_POLL_S):
            waited_s += _POLL_S
            if waited_s >= GOOD_S and not self._why:
                waited_s = float("-inf")
                keep_as_good(self.file, self._config)
            if self._wanted.is_set():
                self._wanted.clear()
                self._read_again()

    def _read_again(self) -> None:
        try:
            config = self._changed(patient(load_config(self.file)))
            waiting = self._pipeline.reload(config)
        except EdgePoseError as error:
            log.error("the configuration was not taken: %s", error)
            self._pipeline.trouble("config_refused", f"the configuration of before goes on: {error}")
            return
        self._pipeline.well("config_refused")
        if waiting:
            log.warning("the configuration was read again; these wait for a restart: %s", ", ".join(waiting))
            self._pipeline.trouble("config_waits", f"restart to use what changed in: {', '.join(waiting)}")
            return
        log.warning("the configuration was read again")
        self._pipeline.well("config_waits")
        self._pipeline.well("config_fallback")
        keep_as_good(self.file, config)
