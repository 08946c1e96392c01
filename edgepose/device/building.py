"""Has an engine built outside of the running service, whose memory and cameras a build must not touch.

Under systemd a unit of its own builds: the service leaves a file `wanted` in its models folder, which
`edgepose-engine.path` watches. Elsewhere, as in a container, a child process does. Both run `edgepose build --config`,
which keeps a note of how it goes beside the engines: who holds the note's lock builds, and what it says afterwards is
why there is no engine.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from edgepose.backends.device_key import state_folder
from edgepose.errors import EdgePoseError, FileError
from edgepose.files import reason, write_atomically

log = logging.getLogger(__name__)

UNIT_VARIABLE = "EDGEPOSE_ENGINE_UNIT"
"""The unit that builds when `wanted` appears; the service's unit says so in its environment."""

_CUT_OFF = "the build was cut off: killed, or out of memory; try it again with: edgepose build --config FILE"


def models_folder() -> Path:
    """Where engines are kept that do not lie beside their models."""
    return state_folder() / "models"


def ask_for_engine(config_file: Path) -> str:
    """Have the engine of a configuration built; who does it, in words. FileError where nobody can be asked."""
    folder = models_folder()
    unit = os.environ.get(UNIT_VARIABLE, "")
    if unit:
        write_atomically(folder / "wanted", b"")
        return unit
    command = ["nice", "-n", "10", sys.executable, "-m", "edgepose", "build", "--config", str(config_file)]
    words = folder / "build.log"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(words, flags, 0o600), "wb") as file:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )
    except OSError as error:
        raise FileError(f"nobody can be asked to build an engine: '{words}' ({reason(error)})") from None
    return f"process {child.pid}, whose words are in {words}"


@contextlib.contextmanager
def noted_build() -> Iterator[None]:
    """While inside, whoever asks learns that an engine is being built, and afterwards why not, where that failed."""
    folder = models_folder()
    note = folder / "building"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "wanted").unlink(missing_ok=True)
        handle = os.open(note, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileError(f"cannot write to '{folder}' ({reason(error)}); build as the service's user") from None
    with os.fdopen(handle, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _say(file.fileno(), _CUT_OFF)
        try:
            yield
        except EdgePoseError as error:
            _say(file.fileno(), str(error))
            raise
        with contextlib.suppress(OSError):
            note.unlink()


def _say(handle: int, words: str) -> None:
    with contextlib.suppress(OSError):  # a full disk
        os.ftruncate(handle, 0)
        os.pwrite(handle, words.encode(), 0)


def is_asked() -> bool:
    """Whether a wish for an engine still lies there that nobody has taken up."""
    return (models_folder() / "wanted").exists()


def build_state() -> str | None:
    """None while an engine is being built; afterwards why there is none, and empty where nothing went wrong."""
    try:
        with (models_folder() / "building").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return file.read(4000).decode(errors="replace")
    except BlockingIOError:
        return None
    except OSError:
        return ""
