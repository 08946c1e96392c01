"""Reads a file that only this user or root can have written: what is in it is trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edgepose.errors import ModelError

OTHERS_MAY_CHANGE = 0o022


def read_owned(
    path: Path,
    remedy: str = "build it again, and keep it at 0600",
    forbidden: int = OTHERS_MAY_CHANGE,
    owners: tuple[int, ...] | None = None,
) -> bytes:
    """Contents of a plain file that is this user's or root's and that others cannot change; ModelError for any other.

    remedy: what to do, for the sentence. forbidden: permission bits that it must not have. owners: user ids in place of
    this user's and root's. What is checked is the opened file, and it is opened without following a link or waiting for
    the other end of a pipe.
    """
    allowed = (os.geteuid(), 0) if owners is None else owners
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {(error.strerror or str(error)).lower()}") from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ModelError(f"'{path}' is not a plain file; remove it and build the engine again")
        if facts.st_uid not in allowed:
            wanted = " or ".join("root" if user == 0 else str(user) for user in dict.fromkeys(allowed))
            raise ModelError(f"'{path}' belongs to user {facts.st_uid}, wanted {wanted}; build it as this user")
        mode = stat.S_IMODE(facts.st_mode)
        if mode & forbidden:
            what = "changed" if mode & OTHERS_MAY_CHANGE else "read"
            raise ModelError(f"'{path}' can be {what} by others (mode {mode:04o}); {remedy}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {(error.strerror or str(error)).lower()}") from None
    finally:
        os.close(handle)
