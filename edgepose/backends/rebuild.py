"""Builds a stale engine again in a child process, while this process runs the model on the CPU.

TensorRT takes minutes and most of the memory to build, and may crash doing so; a process of its own keeps that away
from the cameras. The next start finds the new engine.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from edgepose.backends.engine_file import EngineKey

_log = logging.getLogger(__name__)


def rebuild_command(engine: Path, key: EngineKey) -> list[str]:
    """The command that builds an engine like the stale one from the ONNX file beside it."""
    H, W = key.input_hw
    command = [sys.executable, "-m", "edgepose", "build", str(engine.with_suffix(".onnx")), "-o", str(engine)]
    command += ["--precision", key.precision, "--size", f"{H}x{W}", "--max-batch", str(key.max_batch)]
    if not key.pixels:
        command.append("--float-input")
    if key.dla is not None:
        command += ["--dla", str(key.dla)]
    if key.calibration_sha256:
        command += ["--calibration", str(engine.with_suffix(".cache"))]
    return command


def start_rebuild(engine: Path, key: EngineKey) -> subprocess.Popen[bytes] | None:
    """Start the build at low priority; its words go to `pose.engine.log`. None where that cannot be written.

    Two processes that start one at once build once: `edgepose build` takes the engine's lock and then finds it done.
    """
    log = engine.with_name(f"{engine.name}.log")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(log, flags, 0o600), "wb") as file:
            child = subprocess.Popen(
                ["nice", "-n", "10", *rebuild_command(engine, key)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        _log.warning("cannot rebuild %s by itself (%s); run: edgepose build", engine, error)
        return None
    _log.warning("rebuilding %s in process %d, its words are in %s; restart to use it", engine, child.pid, log)
    return child
