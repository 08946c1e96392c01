"""Files written whole or not at all, and the digest of a file.

Everything that a later run relies on (checkpoints, sidecars, engines, calibration, pictures) is written beside its
place and moved there in one step, so that a full disk or a kill leaves the file of before. What fails is a FileError
in one sentence.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from edgepose.errors import EdgePoseError, FileError

PRIVATE = 0o600
"""Mode of what may hold secrets or people: only the owner reads it."""

ORDINARY = 0o666
"""Mode of everything else, less the process's umask."""

_CHUNK = 1 << 20
_LINK = "it is a link; name the file it leads to"
_NAME = 200
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextlib.contextmanager
def replacing(path: Path, mode: int = PRIVATE, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A new binary file that takes the place of `path` when the block ends well, and is removed when it does not.

    Folders on the way are made. A link at `path` is replaced, not followed. durable: the file is on the disk before it
    is moved; False spares the wait (milliseconds) where thousands are written and can be made again.
    """
    with _parts([path], mode, durable=durable) as (file,):
        yield file


def write_atomically(path: Path, data: bytes, mode: int = PRIVATE, *, durable: bool = True) -> None:
    """Put `data` at `path` in one step, as `replacing` does; nothing is left behind when that fails."""
    with replacing(path, mode, durable=durable) as file:
        file.write(data)


def write_together(files: Mapping[Path, bytes], mode: int = PRIVATE, owner: tuple[int, int] | None = None) -> None:
    """Write all of them beside their places first, which is what can fail, and only then put them there, in order.

    owner: ids of the user and group they are given to, which only root can.
    """
    with _parts(list(files), mode) as parts:
        for part in parts if owner is not None else ():
            os.fchown(part.fileno(), *(owner or (-1, -1)))
        for part, data in zip(parts, files.values(), strict=True):
            part.write(data)


def open_to_append(path: Path, *, keep: bool, mode: int = PRIVATE) -> int:
    """Descriptor of a file that grows: made with `mode` where it is new, emptied unless `keep`, every write at its end.

    A link in its place is refused rather than followed, so that nobody who may write to the folder chooses what is
    written over; /dev/stdout and its like are none of those. Raises OSError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    if not path.is_relative_to("/dev"):
        flags |= os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, mode)
    except OSError as error:
        if path.is_symlink():
            raise OSError(error.errno, _LINK) from None
        raise
    try:
        if not keep and stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_worn_out(error: OSError) -> bool:
    """Whether a disk is full, fails or was made read-only: what happens to good settings, rather than a wrong one."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


def check_appendable(path: Path) -> None:
    """Raise the OSError that `open_to_append` would, as far as it can be told, and make nothing."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "no file has a name with a zero byte")
    if path.is_symlink() and not path.is_relative_to("/dev"):
        raise OSError(errno.ELOOP, _LINK)
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    code = 0
    if place.is_dir() == (place == path):
        code = errno.EISDIR if place == path else errno.ENOTDIR
    elif not os.access(place, os.W_OK):
        code = errno.EROFS if os.statvfs(place).f_flag & os.ST_RDONLY else errno.EACCES
    if code:
        raise OSError(code, os.strerror(code))


def read_secret(path: str, most: int = 65_537) -> bytes:
    """Contents of a file that nobody else can change, `most` bytes of it; a pipe is not waited for. Raises OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        if mode & 0o022:
            raise OSError(errno.EPERM, f"others may change it (mode {stat.S_IMODE(mode):04o}); keep it at 0600")
        return file.read(most)


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


def encodable(value: Any) -> Any:
    """The same strings, lists and mappings with text that every encoding takes: bytes of a file's name that are no
    UTF-8 (which Python carries as lone surrogates) become `\\xNN`.
    """
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub(_escaped, value)
    if isinstance(value, Mapping):
        return {encodable(key): encodable(item) for key, item in value.items()}
    return [encodable(item) for item in value] if isinstance(value, (list, tuple)) else value


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def reason(error: OSError) -> str:
    """The cause alone, as a part of a sentence: no space left on device."""
    return (error.strerror or str(error)).lower()


@contextlib.contextmanager
def _parts(places: Sequence[Path], mode: int, *, durable: bool = True) -> Iterator[list[BinaryIO]]:
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
                if durable:
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
