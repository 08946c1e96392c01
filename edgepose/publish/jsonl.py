"""JSON lines: every result as one line of the recording format.

A file that cannot be written to is given up, so that everything else goes on: the health says so, what is missing is
counted, and it is tried again now and then. `close` says how much is missing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepose.errors import ClosedError, PublishError
from edgepose.files import check_appendable, is_worn_out, reason
from edgepose.health import Reason, reason_now
from edgepose.publish.line_file import LineFile
from edgepose.publish.options import JsonlOptions
from edgepose.publish.record import is_torn
from edgepose.types import CameraState, FrameResult
from edgepose.types.result import encode

RETRY_S = 30.0
"""Pause before a file that was given up is tried again, seconds."""

_log = logging.getLogger(__name__)


class JsonlPublisher:
    """Writes every result as a line. Used by one thread; `close` may be called twice.

    n_lines: lines written. n_lost: results that could not be written. troubles: why, while that is so.
    """

    def __init__(self, options: JsonlOptions) -> None:
        self.path = _path(options)
        self.n_lines = self.n_lost = 0
        self.troubles: tuple[Reason, ...] = ()
        self._problem = ""
        self._retry_s = 0.0
        self._closed = False
        self._file = LineFile(self.path, keep=options.append, is_torn=is_torn)
        try:
            check_appendable(self.path)
            self._file.open()
        except OSError as error:
            if not is_worn_out(error):
                raise _refused(self.path, error) from error
            self._give_up(reason(error))  # a service that is started again on a full disk watches on

    def open(self, card: Mapping[str, Any]) -> None:
        """Nothing to announce: each line stands for itself."""

    def publish(self, result: FrameResult) -> None:
        """Write one line; it is with the operating system when this returns, or counted in `n_lost`."""
        if self._closed:
            raise ClosedError(f"results cannot be written to {str(self.path)!r} after it was closed")
        if self.troubles and time.monotonic() < self._retry_s:
            self.n_lost += 1
            return
        try:
            self._file.write(encode(result) + b"\n")
        except OSError as error:
            self.n_lost += 1
            self._give_up(reason(error))
            return
        self.n_lines += 1
        if self.troubles:
            self.troubles = ()
            _log.warning("results are written to %r again; %d are missing", str(self.path), self.n_lost)

    def _give_up(self, problem: str) -> None:
        self._retry_s = time.monotonic() + RETRY_S
        self._problem = problem
        if not self.troubles:
            hint = f"results are not written to {str(self.path)!r}: {problem}; make room or give another place"
            self.troubles = (reason_now("jsonl_failed", hint),)
            _log.warning("%s; trying again every %g s", hint, RETRY_S)

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not recorded: a recording holds frames."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not recorded: each line carries its own timings."""

    def close(self) -> None:
        """Close the file; twice is fine. PublishError when results are missing from it."""
        if self._closed:
            return
        self._closed = True
        self._file.close()
        if self.n_lost:
            raise PublishError(
                f"{self.n_lost} of {self.n_lost + self.n_lines} results are missing from {str(self.path)!r}: "
                f"{self._problem}; make room or give another place"
            )


def check(options: JsonlOptions) -> None:
    """Raise PublishError where the file could not be written. Nothing is made or changed."""
    path = _path(options)
    try:
        check_appendable(path)
    except OSError as error:
        raise _refused(path, error) from error


def _path(options: JsonlOptions) -> Path:
    if not options.path:
        raise PublishError("the JSON lines publisher needs a path; set jsonl.path or --jsonl FILE")
    return Path(options.path)


def _refused(path: Path, error: OSError) -> PublishError:
    return PublishError(f"cannot write results to {str(path)!r}: {reason(error)}")
