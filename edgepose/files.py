"""Files written whole or not at all, and the digest of a file.

Everything that a later run relies on (checkpoints, sidecars, engines, calibration, pictures) is written beside its
place and moved there in one step, so that a full disk or a kill leaves the file of before. What fails is a FileError
in one sentence.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from edgepose.errors import EdgePoseError, FileError

PRIVATE = 0o600
"""Mode of what may hold secrets or people: only the owner reads it."""

ORDINARY = 0o666
"""Mode of everything else, less the process's umask."""

_CHUNK = 1 << 20
_NAME = 200


@contextlib.contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A new binary file that takes the place of `path` when the block ends well, and is removed when it does not.

    Folders on the way are made. The file is on the disk before it is moved; a link at `path` is replaced, not followed.
    """
    with _parts([path], mode) as (file,):
        yield file


def write_atomically(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Put `data` at `path` in one step; nothing is left behind when that fails."""
    write_together({path: data}, mode)


def write_together(files: Mapping[Path, bytes], mode: int = PRIVATE) -> None:
    """Write all of them beside their places first, which is what can fail, and only then put them there."""
    with _parts(list(files), mode) as parts:
        for part, data in zip(parts, files.values(), strict=True):
            part.write(data)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal, read in pieces."""
    from hashlib import sha256  # loads OpenSSL, 4 MB

    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise FileError(f"cannot read '{path}': {reason(error)}") from None
    return digest.hexdigest()


def reason(error: OSError) -> str:
    """The cause alone, as a part of a sentence: no space left on device."""
    return (error.strerror or str(error)).lower()


@contextlib.contextmanager
def _parts(places: Sequence[Path], mode: int) -> Iterator[list[BinaryIO]]:
    parts: list[Path] = []
    files: list[BinaryIO] = []
    try:
        with contextlib.ExitStack() as stack:
            for place in places:
                place.parent.mkdir(parents=True, exist_ok=True)
                part = place.with_name(f".{place.name[:_NAME]}.{os.getpid()}.{secrets.token_hex(4)}")
                handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
                parts.append(part)
                files.append(stack.enter_context(os.fdopen(handle, "wb")))
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
        for part, place in zip(parts, places, strict=True):
            part.replace(place)
    except OSError as error:
        if isinstance(error, EdgePoseError):
            raise
        raise FileError(f"cannot write '{places[0]}' ({reason(error)}); make room, or give another place") from None
    finally:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
