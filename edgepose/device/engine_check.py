"""What `doctor` says of the engine: of the service that runs, else of the files that it would find."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from edgepose.backends.board import is_jetson
from edgepose.backends.engine_place import engine_to_build, engines_of, onnx_of
from edgepose.backends.in_use import chosen_model
from edgepose.backends.tensorrt import gpu_trouble
from edgepose.device.control import ask, running
from edgepose.device.requests import About
from edgepose.errors import ControlError, EdgePoseError


def engine_words(model: str | None) -> tuple[bool, str, str]:
    """Whether all is well, what there is, and what to do where it is not."""
    about = _service() if model is None else None
    if about is not None:
        network = about["network"]
        found = f"the service runs {network['name']} on {network['device']} with {network['backend']}"
        if network.get("why"):
            return (
                False,
                f"{found}: {network['why']}",
                "edgepose build --config FILE; journalctl -u edgepose-engine says more",
            )
        return True, f"{found}, {network['precision']}", ""
    try:
        path = chosen_model(model or "")
    except EdgePoseError as error:
        return False, str(error), "edgepose engine use MODEL"
    there = [engine for engine in engines_of(path) if os.path.lexists(engine)]
    if not there and not is_jetson() and not _has_tensorrt():
        return True, "none: the CPU runs the network", ""
    fix = f"edgepose build {onnx_of(path)} -o {engine_to_build(path)}"
    trouble = gpu_trouble()
    if trouble:
        return False, f"none can run here: {trouble}", "mend that first; the CPU runs the network until then"
    from edgepose.engine.tensorrt.store import examine

    if not there:
        return False, f"no engine of {path.name} yet", fix
    states = [examine(engine, None, None) for engine in there]
    best = next((state for state in states if state.state == "fits"), states[0])
    if best.state == "fits":
        return True, f"{best.engine}, {best.precision}, TensorRT {best.tensorrt}", ""
    return False, f"{best.engine}: {best.reason}", fix


def _service() -> Any:
    try:
        service = running()
        return None if service is None else ask(service, About())
    except ControlError:
        return None


def _has_tensorrt() -> bool:
    try:
        return find_spec("tensorrt") is not None
    except (ImportError, ValueError):
        return True
