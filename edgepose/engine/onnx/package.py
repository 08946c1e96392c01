"""The onnx package, asked for when a graph is edited; running one does without."""

from __future__ import annotations

from typing import Any

from edgepose.errors import MissingDependencyError


def onnx_module() -> Any:
    """The onnx package, or MissingDependencyError that says how to get it."""
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(
            "preparing a model needs the package onnx; install it: pip install 'edgepose[onnx]'"
        ) from error
    return onnx
