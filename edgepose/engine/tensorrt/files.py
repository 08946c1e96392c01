"""Engine files on disk: the key of what would be built here, atomic writing with a sealed sidecar, and the lock."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from edgepose.backends.device_memory import Device
from edgepose.backends.engine_file import EngineKey, EngineSidecar, seal, sidecar_of
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError
from edgepose.files import reason, sha256_of, write_together
from edgepose.model import model_sha256

RELEASE_FILE = Path("/etc/nv_tegra_release")


def jetpack_release(file: Path = RELEASE_FILE) -> str:
    """L4T release of a Jetson, such as "R36.4.3"; empty elsewhere."""
    try:
        line = file.read_text().splitlines()[0]
    except (OSError, IndexError):
        return ""
    found = re.search(r"R(\d+).*?REVISION:\s*([\d.]+)", line)
    return f"R{found[1]}.{found[2]}" if found else line.strip("# ")


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


def write_engine(engine: Path, data: bytes, key: EngineKey, seconds: float) -> None:
    """Write engine and sidecar, mode 0600, both or neither. FileError when the disk is full."""
    digest = hashlib.sha256(data).hexdigest()
    sidecar = EngineSidecar(key=key, engine_sha256=digest, seal=seal(key, digest), seconds=round(seconds, 2))
    described = msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n"
    write_together({engine: data, sidecar_of(engine): described})


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
                    path.unlink(missing_ok=True)
            return


def _is_still(path: Path, file: IO[str]) -> bool:
    """Whether the open file is what lies at the path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
