"""What an engine file is tied to, and whether it may be loaded at all: both are settled before it is deserialised.

TensorRT runs whatever an engine file holds, so a tampered one is somebody else's program. Beside `pose.engine` lies
`pose.engine.json` with the key (what the engine was built from and for) and a seal: an HMAC over key and contents with
a key that this device made for itself. Building is in `engine/tensorrt/`; loading checks here.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

import msgspec

from edgepose.errors import DeviceError, ModelError
from edgepose.options import Options

SECRET_BYTES = 32


class EngineKey(Options, frozen=True):
    """Everything an engine depends on; another value of any of them asks for another engine.

    model_sha256: of the ONNX file. calibration_sha256: of the calibration cache, empty without one. input_hw: (H, W).
    jetpack: release line of the board, empty elsewhere. pixels: built to take uint8 pictures, where TensorRT does.
    """

    model_sha256: str
    tensorrt: str
    gpu: str
    compute_capability: str
    jetpack: str
    precision: str
    input_hw: tuple[int, int]
    max_batch: int
    dla: int | None = None
    calibration_sha256: str = ""
    pixels: bool = False


class EngineSidecar(Options, frozen=True):
    """`pose.engine.json`. engine_sha256: of the engine file. seal: HMAC-SHA256 of key and engine_sha256."""

    key: EngineKey
    engine_sha256: str
    seal: str
    seconds: float = 0.0


class StaleEngineError(DeviceError):
    """An engine that is genuine but was built for something else than what is here now. key: what it was built for."""

    def __init__(self, message: str, key: EngineKey) -> None:
        super().__init__(message)
        self.key = key


def sidecar_of(engine: Path) -> Path:
    """`pose.engine.json` for `pose.engine`."""
    return engine.with_name(engine.name + ".json")


def differences(built: EngineKey, here: EngineKey) -> str:
    """What changed, in words; empty when both fit."""
    words = []
    for field in EngineKey.__struct_fields__:
        old, new = getattr(built, field), getattr(here, field)
        if old != new:
            name = field.replace("_", " ")
            words.append(
                f"{name} changed" if field.endswith("sha256") else f"{name} {old or 'none'} -> {new or 'none'}"
            )
    return ", ".join(words)


def read_genuine(engine: Path) -> tuple[bytes, EngineKey]:
    """Contents and key of an engine that this device built; ModelError for any other file.

    Refused: a link or anything else but a plain file, a file of another owner (root's is fine), one that others may
    write to, one without a sidecar, and one whose contents or key do not fit the seal. Bytes are read once, from the
    opened file that was checked.
    """
    data = read_owned(engine)
    sidecar_path = sidecar_of(engine)
    if not sidecar_path.exists():
        raise ModelError(
            f"engine '{engine}' has no {sidecar_path.name}, so nobody can tell who built it; {_rebuild(engine)}"
        )
    try:
        sidecar = msgspec.json.decode(read_owned(sidecar_path), type=EngineSidecar)
    except msgspec.DecodeError as error:
        raise ModelError(f"'{sidecar_path}' is damaged ({error}); {_rebuild(engine)}") from None
    if hashlib.sha256(data).hexdigest() != sidecar.engine_sha256:
        raise ModelError(f"engine '{engine}' is not the file that was built (other contents); {_rebuild(engine)}")
    if not hmac.compare_digest(seal(sidecar.key, sidecar.engine_sha256), sidecar.seal):
        raise ModelError(f"engine '{engine}' was not built on this device, or was changed since; {_rebuild(engine)}")
    return data, sidecar.key


def seal(key: EngineKey, engine_sha256: str) -> str:
    """HMAC-SHA256 of key and contents with the device's secret, in hexadecimal."""
    told = {name: value for name, value in msgspec.to_builtins(key).items() if name != "pixels" or value}
    message = msgspec.json.encode(told, order="sorted") + b"\n" + engine_sha256.encode()  # as before there were pixels
    return hmac.new(device_secret(), message, hashlib.sha256).hexdigest()


def state_folder() -> Path:
    """Where this user's EdgePose keeps state: systemd's STATE_DIRECTORY, else XDG_STATE_HOME/edgepose."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "edgepose"


def device_secret() -> bytes:
    """The secret of this device and user, made at first use, mode 0600; two processes at once agree on one."""
    path = state_folder() / "engine.key"
    if not path.exists():
        try:
            _make_secret(path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ModelError(
                f"cannot keep this device's key in '{path.parent}' ({reason}); make room, or give a folder with "
                "STATE_DIRECTORY"
            ) from None
    data = read_owned(path, "remove it and build engines again: whoever knows it can seal one", forbidden=0o077)
    if len(data) != SECRET_BYTES:
        raise ModelError(f"'{path}' is damaged; remove it and build engines again")
    return data


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"engine.key.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was first, and its key counts
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_owned(path: Path, remedy: str = "build it again, and keep it at 0600", forbidden: int = 0o022) -> bytes:
    """Contents of a plain file that is this user's or root's and that others cannot change; ModelError for any other.

    remedy: what to do, for the sentence. forbidden: permission bits that it must not have. What is checked is the
    opened file, and it is opened without following a link or waiting for the other end of a pipe.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {(error.strerror or str(error)).lower()}") from None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise ModelError(f"'{path}' is not a plain file; remove it and build the engine again")
        if facts.st_uid not in (os.geteuid(), 0):
            raise ModelError(
                f"'{path}' belongs to user {facts.st_uid}, wanted {os.geteuid()} or root; build it as this user"
            )
        mode = stat.S_IMODE(facts.st_mode)
        if mode & forbidden:
            what = "changed" if mode & 0o022 else "read"
            raise ModelError(f"'{path}' can be {what} by others (mode {mode:04o}); {remedy}")
        return file.read()


def _rebuild(engine: Path) -> str:
    return f"rebuild it with: edgepose build {engine.with_suffix('.onnx').name}"
