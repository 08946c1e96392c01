"""The secret that engines of this device are sealed with, and where an EdgePose that runs here keeps its state.

A device has one key, `/etc/edgepose/engine.key`, which its installation made as root and which the service's group
reads: whoever of them builds an engine, the others take it. Where nothing is installed each user has a key of their
own.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from edgepose.backends.owned import OTHERS_MAY_CHANGE, read_owned
from edgepose.errors import ModelError

SECRET_BYTES = 32

DEVICE_KEY = Path("/etc/edgepose/engine.key")
"""Made by `install.sh device`: root's, mode 0640, the group that of the service."""

SERVICE_STATE = Path("/var/lib/edgepose")
"""State of the service, as an administrator's shell, which has no STATE_DIRECTORY, finds it."""

_OTHERS_MAY_READ = 0o004 | OTHERS_MAY_CHANGE
_ONLY_MINE = 0o077


def state_folder() -> Path:
    """Where EdgePose keeps state: systemd's STATE_DIRECTORY, the service's for who may write there, else this user's
    XDG_STATE_HOME/edgepose.
    """
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    if os.access(SERVICE_STATE, os.W_OK):
        return SERVICE_STATE
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "edgepose"


def device_secret() -> bytes:
    """The secret of this device, or of this user where nothing is installed; that one is made at first use.

    Two processes at once agree on one. ModelError where it cannot be read or kept.
    """
    if _is_there(DEVICE_KEY):
        remedy = "give it to root, mode 0640, and build engines again: whoever knows it can seal one"
        return _checked(read_owned(DEVICE_KEY, remedy, _OTHERS_MAY_READ, owners=(0,)), DEVICE_KEY)
    path = state_folder() / "engine.key"
    if not os.path.lexists(path):
        try:
            make_secret(path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ModelError(
                f"cannot keep this device's key in '{path.parent}' ({reason}); make room, or give a folder with "
                "STATE_DIRECTORY"
            ) from None
    remedy = "remove it and build engines again: whoever knows it can seal one"
    return _checked(read_owned(path, remedy, _ONLY_MINE), path)


def _is_there(path: Path) -> bool:
    """Whether a device key exists; ModelError where this user may not even look."""
    try:
        path.lstat()
    except PermissionError:
        raise ModelError(
            f"this device's key '{path}' is for root and the service's group; use sudo, or join the group: "
            "sudo usermod -aG edgepose USER"
        ) from None
    except OSError:
        return False
    return True


def _checked(data: bytes, path: Path) -> bytes:
    if len(data) != SECRET_BYTES:
        raise ModelError(f"'{path}' is damaged; remove it and build engines again")
    return data


def make_secret(path: Path, mode: int = 0o600, group: int = -1) -> None:
    """Make a new secret where none is; OSError where that fails. group: the id that may read it, -1 as it comes."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"engine.key.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first, and its key counts
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
