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


EXTRAS = {
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "av": "av",
    "rich": "cli",
    "pycocotools": "eval",
    "torch": "train",
    "torch_pruning": "train",
    "tensorboard": "train",
    "pycuda": "jetson",
    "cv2": "cv",
    "openvino": "openvino",
}
"""The extra of setup.cfg that brings a package, by the name it is imported under."""


def missing_package(error: ModuleNotFoundError) -> str | None:
    """A sentence on an optional package that is not there; None for what should be there, whose traceback is wanted."""
    package = (error.name or "").partition(".")[0]
    if package == "tensorrt":
        return "this needs TensorRT, which comes with JetPack: apt-get install python3-libnvinfer"
    if package not in EXTRAS:
        return None
    return f"this needs the package {package}, which is not installed: pip install 'edgepose[{EXTRAS[package]}]'"
