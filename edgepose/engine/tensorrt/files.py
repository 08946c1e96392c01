"""Engine files on disk: the key of what would be built here, atomic writing with a sealed sidecar, and the lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from edgepose.backends.board import jetpack_release
from edgepose.backends.device_memory import Device
from edgepose.backends.engine_file import EngineKey, EngineSidecar, read_sidecar, sidecar_of
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError, ModelError
from edgepose.files import reason, sha256_of, write_together
from edgepose.model import model_sha256


def key_here(
    model: Path,
    calibration: Path | None,
    tensorrt: str,
    device: Device,
    precision: str,
    input_hw: tuple[int, int],
    options: BuildOptions,
) -> EngineKey:
    """The key of the engine that would be built on this device now."""
    return EngineKey(
        model_sha256=model_sha256(model),
        tensorrt=tensorrt,
        gpu=device.name,
        compute_capability=device.compute_capability,
        jetpack=jetpack_release(),
        precision=precision,
        input_hw=input_hw,
        max_batch=options.max_batch,
        dla=options.dla,
        calibration_sha256=sha256_of(calibration) if calibration else "",
        pixels=options.pixels and calibration is None,
    )


def write_engine(engine: Path, data: bytes, sidecar: EngineSidecar) -> None:
    """Put an engine and its sidecar, mode 0600, in the place of those of before. FileError when the disk is full.

    A process that is killed at any moment leaves one engine that fits its sidecar: the sidecar comes first, and tells
    of both.
    """
    with contextlib.suppress(ModelError):
        before = msgspec.structs.replace(read_sidecar(engine), before=None)
        sidecar = msgspec.structs.replace(sidecar, before=before)
    for path in (engine, sidecar_of(engine)):
        with contextlib.suppress(OSError):
            path.rmdir()  # an empty folder in the way; a full one is somebody's, and writing says so
    described = msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n"
    write_together({sidecar_of(engine): described, engine: data}, owner=owner_in(engine.parent))


def owner_in(folder: Path) -> tuple[int, int] | None:
    """User and group that what root writes into somebody's folder belongs to; None where it is the writer's own."""
    if os.geteuid() != 0:
        return None
    facts = folder.stat()
    return (facts.st_uid, facts.st_gid) if facts.st_uid != 0 else None


@contextlib.contextmanager
def locked(engine: Path) -> Iterator[bool]:
    """Hold the build lock of an engine; gives True when another process held it first, and may have built it.

    The lock is the kernel's and ends with the process, so a crashed build blocks nobody.
    """
    path = engine.with_name(f".{engine.name}.lock")
    waited = False
    while True:
        try:
            engine.parent.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "w")
            os.fchown(file.fileno(), *(owner_in(engine.parent) or (-1, -1)))
        except OSError as error:
            raise BackendError(
                f"cannot write to '{engine.parent}' ({reason(error)}); give another place with -o"
            ) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = True
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(path, file):
                continue  # the holder before built nothing and took its lock file away
            try:
                yield waited
            finally:
                if not engine.exists():
                    with contextlib.suppress(OSError):
                        path.unlink()
            return


def _is_still(path: Path, file: IO[str]) -> bool:
    """Whether the open file is what lies at the path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
