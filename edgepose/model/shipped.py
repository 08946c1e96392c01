"""The networks that come with EdgePose, and how a model that somebody names is found."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from edgepose.errors import ModelError

FOLDER = Path(__file__).parent.parent / "models"
DEFAULT = "edgepose-lite"


def shipped_models() -> list[str]:
    """Their names, such as edgepose-lite.int8."""
    return sorted(path.stem for path in FOLDER.glob("*.onnx"))


def shipped_model(name: str = DEFAULT) -> Path:
    """The file of a network that comes with EdgePose; ModelError where an installation left it out."""
    path = FOLDER / f"{name}.onnx"
    if not path.is_file():
        raise ModelError(f"this installation carries no network at {path}; reinstall EdgePose or give a model file")
    return path


def model_path(given: str | Path | None) -> Path:
    """The file meant by a path, or by the name of a network that comes with EdgePose; the default one for nothing.

    A file of that name comes first. What is neither is returned as it is: who opens it says that it is missing.
    """
    if not given:
        return shipped_model()
    path = Path(given)
    return shipped_model(path.name) if not path.exists() and str(given) in shipped_models() else path


def no_model(path: Path) -> ModelError:
    """What to raise where no model file is."""
    found = "a folder" if path.is_dir() else "nothing"
    names = shipped_models()
    close = get_close_matches(path.name, names, 1, 0.8)
    rest = f"did you mean {close[0]!r}?" if close else f"networks that come with EdgePose: {', '.join(names)}"
    return ModelError(f"wanted a model file, found {found} at {path}; {rest}")
