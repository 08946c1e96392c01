"""Where the engine of a model lies, what it is built from, and the input size it has.

An engine lies beside its ONNX file where that folder can be written to, else in `models` of the state folder: the
networks that come with EdgePose are installed where a service may only read.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from edgepose.backends.device_key import state_folder
from edgepose.model import ModelSpec
from edgepose.model.shipped import FOLDER


def onnx_of(model: Path) -> Path:
    """The ONNX file meant by a model's path: itself, or the one beside an engine."""
    return model.with_suffix(".onnx") if model.suffix == ".engine" else model


def engines_of(model: Path) -> tuple[Path, ...]:
    """Where an engine of this model may lie, the first place first; an engine that was named is the only one."""
    return (model,) if model.suffix == ".engine" else (model.with_suffix(".engine"), _kept_engine(model))


def engine_to_build(model: Path) -> Path:
    """Where a new engine goes: over the one that was named or lies there already, beside the model, or else into the
    state folder.
    """
    places = engines_of(model)
    beside = places[0]
    if len(places) == 1 or (model.parent != FOLDER and os.access(model.parent, os.W_OK)):
        return beside
    return beside if os.path.lexists(beside) and os.access(model.parent, os.W_OK) else places[1]


def _kept_engine(model: Path) -> Path:
    """Models of one name in two folders have two engines."""
    folder = model.parent.absolute()
    mark = "" if folder == FOLDER else f"-{sha256(str(folder).encode()).hexdigest()[:8]}"
    return state_folder() / "models" / f"{model.stem}{mark}.engine"


def with_ranges(model: Path) -> Path | None:
    """The form of a model that carries INT8 ranges, which lies beside it; None where there is none."""
    found = model.with_name(f"{model.stem}.int8{model.suffix}")
    return found if found.is_file() else None


def engine_size(spec: ModelSpec, height: int = 0) -> tuple[int, int]:
    """Input (H, W) of an engine: the contract's, or of the same shape with another height where the graph is free."""
    H, W = spec.input_hw
    if not spec.dynamic_size or height in (0, H):
        return spec.input_hw
    steps = spec.multiple
    return max(1, round(height / steps)) * steps, max(1, round(height * W / H / steps)) * steps
