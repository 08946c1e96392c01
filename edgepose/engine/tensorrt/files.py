"""Engine files on disk: the key of what would be built here, atomic writing with a sealed sidecar, and the lock."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import msgspec

from edgepose.backends.device_memory import Device
from edgepose.backends.engine_file import EngineKey, EngineSidecar, seal, sidecar_of
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError, ModelError

RELEASE_FILE = Path("/etc/nv_tegra_release")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; ModelError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read '{path}': {(error.strerror or str(error)).lower()}") from None


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
        model_sha256=sha256_of(model),
        tensorrt=tensorrt,
        gpu=device.name,
        compute_capability=device.compute_capability,
        jetpack=jetpack_release(),
        precision=precision,
        input_hw=input_hw,
        max_batch=options.max_batch,
        dla=options.dla,
        calibration_sha256=sha256_of(calibration) if calibration else "",
    )


def write_engine(engine: Path, data: bytes, key: EngineKey, seconds: float) -> None:
    """Write engine and sidecar, mode 0600, both or neither. BackendError when the disk is full."""
    digest = hashlib.sha256(data).hexdigest()
    sidecar = EngineSidecar(key=key, engine_sha256=digest, seal=seal(key, digest), seconds=round(seconds, 2))
    described = msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n"
    write_together({engine: data, sidecar_of(engine): described})


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put `data` at `path` in one step; nothing is left behind when that fails."""
    write_together({path: data}, mode)


def write_together(files: Mapping[Path, bytes], mode: int = 0o600) -> None:
    """Write all of them beside their places first, which is what can fail, and only then put them there."""
    parts: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            path.parent.mkdir(parents=True, exist_ok=True)
            parts[part] = path
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for part, place in parts.items():
            part.replace(place)
    except OSError as error:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        megabytes = sum(map(len, files.values())) / 1e6
        raise BackendError(
            f"cannot write '{next(iter(files))}' ({reason}; {megabytes:.1f} MB wanted); make room, or give another "
            "place with -o"
        ) from None


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
            file = path.open("a")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise BackendError(f"cannot write to '{engine.parent}' ({reason}); give another place with -o") from None
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
