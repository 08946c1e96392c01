"""TensorRT's log and its parser's errors, as sentences."""

from __future__ import annotations

import logging
from typing import Any

from edgepose.errors import BackendError, DeviceError, ModelError

_log = logging.getLogger("edgepose.tensorrt")


def make_logger(trt: Any) -> Any:
    """An ILogger that passes messages to `logging` and remembers errors in `errors`."""

    class Listener(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            level = trt.ILogger.Severity
            if severity in (level.INTERNAL_ERROR, level.ERROR):
                self.errors.append(message)
                _log.info("%s", message)  # becomes part of the exception
            elif severity == level.WARNING:
                _log.info("%s", message)
            else:
                _log.debug("%s", message)

    return Listener()


def parser_refusal(parser: Any, version: str, name: str) -> ModelError:
    """Why the parser did not take a graph: the first node at fault and TensorRT's own words."""
    if not parser.num_errors:
        return ModelError(f"TensorRT {version} cannot read model '{name}' and does not say why; see it with -v")
    error = parser.get_error(0)
    operator = error.node_operator() if hasattr(error, "node_operator") else ""
    node = error.node_name() if hasattr(error, "node_name") else ""
    where = " ".join(word for word in (operator, f"'{node}'" if node else "") if word) or f"node {error.node()}"
    reason = " ".join(str(error.desc()).split())
    return ModelError(f"TensorRT {version} cannot read model '{name}' at {where}: {reason}")


def build_failure(errors: list[str], version: str, name: str, workspace_mb: int) -> BackendError:
    """Why building gave nothing, and what to do where the words are known."""
    reason = " ".join(errors[-1].split()) if errors else "it does not say why"
    lowered = " ".join(errors).lower()
    if "out of memory" in lowered or "outofmemory" in lowered or "insufficient memory" in lowered:
        return BackendError(
            f"TensorRT {version} ran out of memory building '{name}'; stop other programs, or build with less: "
            f"--workspace-mb {max(16, workspace_mb // 4)} --max-batch 1"
        )
    if "no cuda" in lowered or "cuda initialization" in lowered or "cuda error" in lowered:
        return DeviceError(f"TensorRT {version} found no working NVIDIA GPU to build '{name}' for ({reason})")
    return BackendError(f"TensorRT {version} could not build '{name}': {reason}")
