"""Extras that some verbs need, asked for before they begin."""

from __future__ import annotations

import importlib

from edgepose.errors import MissingDependencyError


def need_torch(what: str) -> None:
    """MissingDependencyError with the command that mends it where PyTorch is not usable."""
    try:
        importlib.import_module("torch")
    except ImportError as error:
        raise MissingDependencyError(f"{what} needs PyTorch ({error}); pip install 'edgepose[train]'") from None
