"""Looks after built engines: list them, verify each without loading it, remove what no longer fits this device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from edgepose.backends.board import jetpack_release
from edgepose.backends.engine_file import read_genuine, sidecar_of, source_changed
from edgepose.errors import FileError, ModelError
from edgepose.files import reason
from edgepose.options import Options


class EngineState(Options, frozen=True):
    """One engine file. state: fits, stale (genuine, but something changed) or refused. reason: empty when it fits."""

    engine: str
    state: Literal["fits", "stale", "refused"]
    reason: str
    megabytes: float
    precision: str = ""
    tensorrt: str = ""
    gpu: str = ""


def engines(folder: Path) -> list[Path]:
    """Engine files directly in a folder, or the file itself; ModelError when there is no such place."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise ModelError(f"no engine or folder '{folder}'; give the folder in which engines were built")
    return sorted(folder.glob("*.engine"))


def examine(engine: Path, tensorrt: str | None, gpu: tuple[str, str] | None) -> EngineState:
    """Verify an engine without deserialising it.

    tensorrt: version here; gpu: name and compute capability here; None where not known, and then not compared.
    """
    megabytes = round(engine.stat().st_size / 1e6, 2)
    try:
        _, sidecar = read_genuine(engine)
    except ModelError as error:
        return EngineState(engine=str(engine), state="refused", reason=str(error), megabytes=megabytes)
    key, reasons = sidecar.key, []
    if tensorrt is not None and key.tensorrt != tensorrt:
        reasons.append(f"tensorrt {key.tensorrt} -> {tensorrt}")
    if gpu is not None and (key.gpu, key.compute_capability) != gpu:
        reasons.append(f"gpu {key.gpu} {key.compute_capability} -> {gpu[0]} {gpu[1]}")
    if key.jetpack != jetpack_release():
        reasons.append(f"jetpack {key.jetpack or 'none'} -> {jetpack_release() or 'none'}")
    changed = source_changed(sidecar, engine.with_name(sidecar.model))
    if changed:
        reasons.append(changed)
    return EngineState(
        engine=str(engine),
        state="stale" if reasons else "fits",
        reason=", ".join(reasons),
        megabytes=megabytes,
        precision=key.precision,
        tensorrt=key.tensorrt,
        gpu=key.gpu,
    )


def remove(engine: Path) -> None:
    """Delete an engine with everything that belongs to it; FileError where somebody else's may not be deleted."""
    for path in belongings(engine):
        delete(path)


def delete(path: Path) -> None:
    """Delete a file, or nothing where none is; FileError where that is not allowed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"cannot remove '{path}' ({reason(error)}); do it as its owner, or with sudo") from None


def belongings(engine: Path) -> Iterator[Path]:
    """The engine, its sidecar, its timing cache and its lock."""
    yield engine
    yield sidecar_of(engine)
    yield engine.with_name(f"{engine.name}.timing")
    yield engine.with_name(f".{engine.name}.lock")


def leftovers(folder: Path) -> list[Path]:
    """Half-written files of builds that were cut off (their names begin with a dot and hold a process number)."""
    return sorted(path for path in folder.glob(".*.engine*.*.*") if not path.name.endswith(".lock"))
