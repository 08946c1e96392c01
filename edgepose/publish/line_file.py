"""A file that grows by whole lines, for weeks: private, never written through a link, followed when it is rotated.

Every line goes to the operating system in one write before `write` returns, so that all lines up to a crash or SIGKILL
are there. What a full disk takes only in part is taken back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from edgepose.files import open_to_append

TAIL_BYTES = 1 << 16
"""Read at once while the last newline is looked for; a line of a crowded frame is shorter."""

LONGEST_LINE = 1 << 24
"""A last line longer than this was not torn by a crash; it is left as it is."""


class LineFile:
    """Lines at the end of `path`. Rotating by renaming makes a new file, by copying and truncating goes on in this one.

    keep: leave what is in the file; else it is emptied. is_torn: tells of the bytes behind the last newline whether
    they are the beginning of a line, which a crash left behind: it is cut off. Everything else stays, and gets its
    newline. `open`, which `write` calls, and `write` raise OSError and may be called again.
    """

    def __init__(self, path: Path, *, keep: bool, is_torn: Callable[[bytes], bool]) -> None:
        self._path = str(path)
        self._place = path
        self._keep = keep
        self._is_torn = is_torn
        self._descriptor = -1
        self._regular = False
        self._device = self._inode = 0

    def open(self) -> None:
        """Make folders and file where they are missing; `write` does so itself."""
        self._place.parent.mkdir(parents=True, exist_ok=True)
        descriptor = open_to_append(self._place, keep=self._keep)
        self.close()
        self._descriptor = descriptor
        about = os.fstat(descriptor)
        self._regular = stat.S_ISREG(about.st_mode)
        self._device, self._inode = about.st_dev, about.st_ino
        try:
            self._mend()
        except BaseException:
            self.close()
            raise
        self._keep = True  # whatever is opened from now on may hold lines of this run

    def write(self, line: bytes) -> None:
        """Append one line, newline included; nothing of it is left when that fails."""
        if self._descriptor < 0:
            self.open()
        elif self._regular:
            self._follow()
        written = 0
        try:
            written = os.write(self._descriptor, line)
            while written < len(line):  # a write may take less than all, as on a disk that is filling up
                written += os.write(self._descriptor, line[written:])
        except OSError:
            if self._regular and written:
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _follow(self) -> None:
        """Open the path anew where another file, or none, has taken the place of the one that is open."""
        try:
            there = os.stat(self._path)  # noqa: PTH116 (with every line; a Path takes three times as long)
            if there.st_ino == self._inode and there.st_dev == self._device:
                return
        except FileNotFoundError:
            pass
        self.open()

    def _mend(self) -> None:
        if not self._regular:
            return
        size = os.fstat(self._descriptor).st_size
        tail = self._tail(size)
        if not tail:
            return
        if self._is_torn(tail):
            os.ftruncate(self._descriptor, size - len(tail))
        else:
            os.write(self._descriptor, b"\n")

    def _tail(self, size: int) -> bytes:
        """The bytes behind the last newline, at most LONGEST_LINE of them."""
        if not size:
            return b""
        with Path(self._path).open("rb") as file:
            tail = b""
            start = size
            while start > 0 and len(tail) < LONGEST_LINE and b"\n" not in tail:
                start = max(0, start - TAIL_BYTES)
                file.seek(start)
                tail = file.read(min(TAIL_BYTES, size - start - len(tail))) + tail
        return tail[tail.rfind(b"\n") + 1 :]
