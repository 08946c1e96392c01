"""The weights a run starts from: a file, or a network of ours by name."""

from __future__ import annotations

from pathlib import Path

from edgepose.errors import ModelError

RECIPES = Path(__file__).parent.parent / "recipes"
"""Recipes, weights and logs of our own networks; they come with the package."""


def shipped_starts() -> list[str]:
    """Names of the networks whose weights come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.pt"))


def start_path(given: str) -> Path:
    """The file meant by a path, or by the name of a network of ours; a file of that name comes first.

    ModelError where it is neither.
    """
    path = Path(given)
    if path.exists():
        return path
    if given in shipped_starts():
        return RECIPES / f"{given}.pt"
    names = ", ".join(shipped_starts())
    raise ModelError(f"no weights {given!r}; give a .pt, .pth or .onnx file, or one of ours by name: {names}")
