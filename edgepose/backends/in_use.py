"""Which network a device runs where its configuration names none: switched in one step by `engine use`, and back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgepose.backends.device_key import state_folder
from edgepose.errors import ModelError
from edgepose.files import ORDINARY, write_atomically
from edgepose.model import model_path
from edgepose.options import Options


class InUse(Options, frozen=True):
    """The network in use, and the one before it; each a path, a shipped network's name, or empty for the default."""

    model: str = ""
    before: str = ""


def in_use_file() -> Path:
    return state_folder() / "models" / "in-use.json"


def in_use() -> InUse:
    """What was chosen last; the default where nothing was. ModelError where the note is damaged."""
    path = in_use_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=InUse)
    except FileNotFoundError:
        return InUse()
    except OSError:
        return InUse()  # another user's: what is in use there does not concern this one
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(f"'{path}' is damaged ({error}); choose again with: edgepose engine use MODEL") from None


def chosen_model(configured: str) -> Path:
    """The model file of a configuration: the one it names, else the one in use here, else the default."""
    return model_path(configured or in_use().model)


def use(model: str) -> InUse:
    """Take a network from now on, in one step; running services notice. FileError where that cannot be noted."""
    chosen = InUse(model=model, before=in_use().model)
    write_atomically(in_use_file(), msgspec.json.encode(chosen) + b"\n", ORDINARY)
    return chosen
