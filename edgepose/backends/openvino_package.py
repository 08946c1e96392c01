"""The package openvino, without the report of its use that its import would send.

Importing `openvino` writes an id into ~/intel and forks a process that reports to Google Analytics, unless
`openvino_telemetry` is missing; EdgePose sends nothing that its user did not ask for. Whatever uses OpenVINO here
imports it by this function first.
"""

from __future__ import annotations

import sys
from typing import Any

_REPORTS = "openvino_telemetry"


def load_openvino() -> Any:
    """The module `openvino`, which reports nothing where this is its first import. ImportError where it is missing."""
    hidden = "openvino" not in sys.modules and _REPORTS not in sys.modules
    if hidden:
        sys.modules[_REPORTS] = None  # type: ignore[assignment]  # Python's way to say that there is none
    try:
        import openvino
    finally:
        if hidden and sys.modules.get(_REPORTS) is None:
            sys.modules.pop(_REPORTS, None)
    return openvino
