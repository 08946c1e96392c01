"""Files of the recording format, one FrameResult a line: read in order, with a torn last line left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from edgepose.errors import DataError
from edgepose.files import reason
from edgepose.types import FrameResult
from edgepose.types.record import SCHEMA
from edgepose.types.record import decode as decode_record
from edgepose.types.result import NOT_A_RECORD, decode

T = TypeVar("T")

_BEGINNING = f'{{"schema":"{SCHEMA}"'.encode()


def is_torn(tail: bytes) -> bool:
    """Whether the end of a file without a newline is what a crash left of a line: a part of one, or empty blocks."""
    if not tail.strip(b"\0"):
        return True  # a power cut can leave room that was never filled
    if not tail.startswith(_BEGINNING[: len(tail)]):
        return False
    try:
        decode_record(tail)
    except msgspec.MsgspecError:
        return True
    return False


def read_results(path: str | Path) -> Iterator[FrameResult]:
    """The results of a recording, in order, one at a time in memory.

    A torn last line is left out; DataError for any other line that is none.
    """
    for line in lines_of(Path(path)):
        result = line.read(decode)
        if result is not None:
            yield result


LONGEST_LINE = 1 << 24
"""Bytes of a line at most; a hundred people take 100 kB."""


class Line(NamedTuple):
    """One line of a recording. number: 1-based. begin: offset of its first byte in the file. path: of the file."""

    path: Path
    number: int
    begin: int
    content: bytes

    def read(self, decode: Callable[[bytes], T]) -> T | None:
        """What `decode` makes of it; None for an empty or torn line, DataError where it is no record."""
        if not self.content.strip():
            return None
        try:
            return decode(self.content)
        except NOT_A_RECORD as error:
            if not self.content.endswith(b"\n"):  # the end of a file whose writer was killed
                return None
            raise DataError(f"line {self.number} of {str(self.path)!r} is no {SCHEMA} record ({error})") from error


def lines_of(path: Path, begin: int = 0, end: int | None = None, number: int = 1) -> Iterator[Line]:
    """Lines of a file that begin at the offsets from `begin` to before `end`; `number` is that of the first."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            while (end is None or begin < end) and (content := file.readline(LONGEST_LINE)):
                if len(content) == LONGEST_LINE:
                    raise DataError(f"line {number} of {str(path)!r} is longer than 16 MiB; it is no {SCHEMA} record")
                yield Line(path, number, begin, content)
                begin += len(content)
                number += 1
    except OSError as error:
        raise DataError(f"recording {str(path)!r} cannot be read: {reason(error)}") from error
