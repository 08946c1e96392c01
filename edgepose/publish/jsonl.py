"""JSON lines: every result as one line of the recording format.

Every line goes to the operating system in one write before `publish` returns, so that all frames up to a crash or
SIGKILL are there.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepose.errors import ClosedError, PublishError
from edgepose.publish.options import JsonlOptions
from edgepose.publish.record import encode
from edgepose.types import CameraState, FrameResult


class JsonlPublisher:
    """Writes every result as a line. Used by one thread; `close` may be called twice."""

    def __init__(self, options: JsonlOptions) -> None:
        if not options.path:
            raise PublishError("the JSON lines publisher needs a path; set jsonl.path or --jsonl FILE")
        self.path = Path(options.path)
        self.n_lines = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if options.append:
                _drop_torn_line(self.path)
            self._file: io.FileIO | None = io.FileIO(self.path, "a" if options.append else "w")
        except OSError as error:
            raise PublishError(f"cannot write results to {str(self.path)!r}: {error.strerror}") from error

    def open(self, card: Mapping[str, Any]) -> None:
        """Nothing to announce: each line stands for itself."""

    def publish(self, result: FrameResult) -> None:
        """Write one line; it is with the operating system when this returns."""
        if self._file is None:
            raise ClosedError(f"results cannot be written to {str(self.path)!r} after it was closed")
        try:
            self._write(encode(result) + b"\n")
        except OSError as error:
            raise PublishError(f"cannot write results to {str(self.path)!r}: {error.strerror}") from error
        self.n_lines += 1

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        view = memoryview(data)
        while view:  # a raw write may take less than all, as on a disk that is filling up
            view = view[self._file.write(view) :]

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not recorded: a recording holds frames."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not recorded: each line carries its own timings."""

    def close(self) -> None:
        """Close the file; twice is fine."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _drop_torn_line(path: Path) -> None:
    """Cut a last line that has no newline, as a crash in the middle of a write leaves it."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        data = file.read()
        file.truncate(data.rfind(b"\n") + 1)
