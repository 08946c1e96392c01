"""The folder of one run: nobody else writes there meanwhile, and a run that is there already is not written over."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from edgepose.errors import ModelError
from edgepose.files import reason


class RunFolder:
    """Holds the folder of a run until it is closed; closing twice is fine.

    resume: whether the run in it goes on. Raises ModelError where another process trains in it, where it holds a run
    that is not resumed, and where it cannot be written to.
    """

    def __init__(self, folder: Path, *, resume: bool) -> None:
        self._lock: int | None = None
        there = [name for name in ("last.pt", "best.pt") if (folder / name).exists()]
        if there and not resume:
            raise ModelError(
                f"'{folder}' holds a run ({' and '.join(there)}); go on with --resume, or name another loop.out"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ModelError(f"cannot write to '{folder}': {reason(error)}; name another folder in loop.out") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise ModelError(f"another run trains in '{folder}'; end it, or name another folder in loop.out") from None

    def close(self) -> None:
        """Let the folder go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
